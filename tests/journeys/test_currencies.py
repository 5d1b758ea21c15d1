"""Shops in other currencies: what buyers see, what Stripe is asked for, and what comes back."""

from importlib import import_module

import msgspec
import pytest

from bus.messages.base import Money
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.inventory import SetOnHand
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, all_is_well, intent_event, send_webhook


@pytest.fixture
def currency(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The shop's. Comes before the shop."""
    testing = import_module("testkit.shop_under_test")  # Whose package has a fixture of this name.
    as_usual = testing._settings

    def settings(*given: object) -> object:
        made = as_usual(*given)
        return msgspec.structs.replace(made, edge=msgspec.structs.replace(made.edge, shopflow_currency=request.param))

    monkeypatch.setattr(testing, "_settings", settings)
    return str(request.param)


def basket(price: int, currency: str) -> SkuRow:
    return SkuRow(
        product_id="BASKET",
        slug="basket",
        title="Basket",
        category="Home",
        description="",
        sku="BASKET",
        sku_title="",
        price=Money(amount=price, currency=currency),
        weight_g=900,
    )


@pytest.mark.parametrize("currency", ["UGX"], indirect=True)
async def test_a_shop_in_shillings_asks_stripe_for_hundredths_and_books_shillings(
    currency: str, shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    imported = await shop.ask(ImportSkus(rows=(basket(45_615, currency),)))
    await shop.ask(SetOnHand(sku="BASKET", on_hand=5))
    assert imported.written == 1

    bought = await buyer.buy(BASKET=1)

    (charge,) = shop.charges()
    assert (charge.amount, charge.currency) == (bought.total * 100, "ugx")
    assert bought.total == 45_615 + 15_000  # With standard shipping, in whole shillings.
    part = await staff.refund(bought, {"amount": 615, "currency": currency})
    assert part.good["amount"] == {"amount": 615, "currency": currency}
    assert [refund.amount for refund in shop.sandbox.refunds()] == [61_500]
    order = await buyer.read(bought)
    assert (order["total"]["amount"], order["refunded"]["amount"]) == (60_615, 615)
    await shop.audit()
    await all_is_well(staff)


@pytest.mark.parametrize("currency", ["UGX"], indirect=True)
async def test_a_fraction_of_a_shilling_is_kept_and_seen_and_pays_nothing(
    currency: str, shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await shop.ask(ImportSkus(rows=(basket(45_615, currency),)))
    await shop.ask(SetOnHand(sku="BASKET", on_hand=5))
    bought = await buyer.order(BASKET=1)

    event = intent_event("payment_intent.succeeded", bought.intent, 45_615, currency="ugx")
    assert (await send_webhook(buyer, event)).status == 200
    foreign = intent_event("payment_intent.succeeded", "pi_of_somebody_else", 1, currency="ugx")
    assert (await send_webhook(buyer, foreign)).status == 200

    assert await buyer.status(bought) == "pending_payment"
    stuck = {
        item["detail"].partition(" (")[0] for item in await staff.stuck_money() if item["kind"] == "capture_refused"
    }
    assert stuck == {
        "refused: Stripe counts 45615 in hundredths of UGX, and that is no whole amount",
        "refused: no such payment",
    }


@pytest.mark.parametrize("currency", ["KWD"], indirect=True)
async def test_a_refund_that_is_too_fine_for_cards_is_refused_at_once(
    currency: str, shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    fine = await shop.ask(ImportSkus(rows=(basket(45_614, currency),)))
    assert [reason.partition(":")[0] for _, reason in fine.refused] == [
        "price must end in 0, as KWD 45.610 or KWD 45.620 does, and KWD 45.614 does not"
    ]
    await shop.ask(ImportSkus(rows=(basket(45_610, currency),)))
    await shop.ask(SetOnHand(sku="BASKET", on_hand=5))
    bought = await buyer.buy(BASKET=1)

    for amount in (1234, {"amount": 1234, "currency": currency}):
        assert (await staff.refund(bought, amount)).refusal == (422, "invalid")
    assert (await staff.refund(bought, 1230)).status == 201

    assert [refund.amount for refund in shop.sandbox.refunds()] == [1230]
    await all_is_well(staff)


async def test_a_price_over_the_api_is_refused_in_the_owners_words(staff: Staff) -> None:
    sku = {"sku": "VASE", "price": {"amount": 100_000_000, "currency": "EUR"}, "weight_g": 900}
    body = {"id": "VASE", "slug": "vase", "title": "Vase", "category": "Home", "skus": [sku]}

    for answer in (
        await staff.ask("POST", "/admin/api/products", body),
        await staff.ask("PATCH", "/admin/api/products/MUG", {"skus": [sku | {"sku": "MUG"}]}),
    ):
        assert answer.refusal == (422, "invalid")
        assert "€999,999.99" in answer.json["detail"]
