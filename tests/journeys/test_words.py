"""What people read: sentences and no codes, and amounts that are written alike everywhere."""

import re

import pytest

from testkit import ShopUnderTest
from tests.journeys.people import Customer, Json, Staff, new_key

ADDRESS = {"line1": "Lindenweg 4", "city": "Basel", "postal_code": "4051", "country": "CH"}
CODE = re.compile(r"[a-z]_[a-z]|[a-z][A-Z]|`|\bEUR\b")


def said(order: Json) -> list[tuple[str, str]]:
    return [(moment["title"], moment["text"]) for moment in order["timeline"]]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": ""}, "name", "The name must not be empty."),
        ({"name": "a" * 201}, "name", "The name must have 200 characters or less."),
        ({"address": {**ADDRESS, "line1": ""}}, "address.line1", "The street and number must not be empty."),
        ({"address": {**ADDRESS, "country": "Schweiz"}}, "address.country", "The country is not in the right form."),
        ({"address": {}}, "address.line1", "The street and number is missing."),
        ({"shipping_method": ""}, "shipping_method", "The way of shipping must not be empty."),
    ],
)
async def test_a_checkout_that_is_filled_in_wrongly_is_answered_in_words(
    buyer: Customer, changes: Json, field: str, words: str
) -> None:
    refused = await buyer.check_out(await buyer.fill_cart(MUG=1), key=new_key(), **changes)

    assert refused.refusal == (422, "invalid")
    assert refused.json["detail"] == words
    assert refused.json["field"] == field


@pytest.mark.parametrize("path", ["/products?limit=0", "/products?limit=many", "/products?sort=cheap"])
async def test_a_query_that_is_wrong_is_answered_in_words(buyer: Customer, path: str) -> None:
    refused = await buyer.get(path)

    assert refused.refusal == (422, "invalid")
    assert refused.json["field"] in path
    assert "Expected" not in refused.json["detail"]
    assert refused.json["title"] == "Something that was entered is not right."


async def test_the_life_of_an_order_is_told_in_words(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.order(MUG=1)
    await buyer.pay(bought, "pm_card_chargeDeclined")
    await buyer.pay(bought, "pm_card_chargeDeclinedInsufficientFunds")
    await buyer.pay(bought)
    tracking_number = await staff.send_off(bought)
    await shop.sandbox.carrier.advance(tracking_number, "out_for_delivery")
    await shop.settle()
    await staff.refund(bought, 123)

    order = await buyer.read(bought)

    assert order["status_text"] == "On its way"
    assert said(order) == [
        ("Order placed", ""),
        ("Payment declined", "Your bank did not take this payment."),
        ("Payment declined", "There is not enough money in this account."),
        ("Payment received", "€19.40"),
        ("Picking started", ""),
        ("Packed", ""),
        ("Handed to the carrier", tracking_number),
        ("Parcel moved", "Out for delivery: On the van"),
        ("Money sent back", "€1.23"),
    ]


async def test_an_order_that_nobody_paid_says_why_it_ended(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.order(MUG=1)
    await shop.clock.advance(minutes=30)

    assert said(await buyer.read(bought))[-1] == ("Cancelled", "No payment came in time.")
    assert "No payment came in time. Nothing is owed." in shop.mails()[-1].text


async def test_no_mail_has_a_code_in_it_and_all_write_amounts_alike(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    await staff.send_off(bought)
    await staff.refund(bought, 123)
    await buyer.cancel(await buyer.order(BOOK=1))

    mails = shop.mails()

    assert len(mails) == 7
    for mail in mails:
        assert not CODE.findall(re.sub(r"http\S+", "", f"{mail.subject} {mail.text}"))
    assert "Total     €19.40" in mails[0].text
    assert ["€1.23" in mail.text for mail in mails].count(True) == 1
