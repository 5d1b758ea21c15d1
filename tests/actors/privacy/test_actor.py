"""Persons are forgotten: all that was theirs reads as erased, what the law asks for stays, and a receipt says so."""

import json
from datetime import timedelta

import pytest

from bus.messages.cart import CreateCart, GetCart, NoSuchCart
from bus.messages.customer import CloseAccount, LogIn, NoSuchCustomer, SignedIn
from bus.messages.customer_own import KeepCart, ReadProfile
from bus.messages.order import GetOrder, Order
from bus.messages.privacy import (
    AccountRecord,
    EraseCustomer,
    EraseGuest,
    ErasureBegun,
    HoldPerson,
    NoSuchPerson,
    OrderRecord,
    ParcelRecord,
    PersonHeld,
    ReadPersonalAccount,
    ReadPersonalMails,
    ReadPersonalOrders,
    ReadPersonalParcels,
    ReadPersonalPayments,
    ReleasePerson,
)
from testkit import ShopUnderTest
from tests.actors.privacy.people import (
    EMAIL,
    STREET,
    TOLD,
    attach,
    close,
    delivered,
    erasures,
    register,
    rows,
    send_off,
)


async def customer_with_order(shop: ShopUnderTest) -> tuple[str, str]:
    customer_id = await register(shop)
    order_id = (await delivered(shop)).order_id
    await attach(shop, customer_id, order_id)
    return customer_id, order_id


async def test_an_export_has_all_that_is_kept(shop: ShopUnderTest) -> None:
    customer_id, order_id = await customer_with_order(shop)

    account = await shop.ask(ReadPersonalAccount(customer_id=customer_id))
    orders = await shop.ask(ReadPersonalOrders(order_ids=(order_id,)))
    parcels = await shop.ask(ReadPersonalParcels(order_ids=(order_id,)))
    payments = await shop.ask(ReadPersonalPayments(order_ids=(order_id,)))
    mails = await shop.ask(ReadPersonalMails(order_ids=(order_id,)))

    assert [type(each).__name__ for each in account.records] == ["AccountRecord", "AddressRecord", "ConsentRecord"]
    assert isinstance(account.records[0], AccountRecord)
    assert account.records[0].email == EMAIL
    (order,) = orders.records
    assert isinstance(order, OrderRecord)
    assert (order.email, order.invoice_name) == (EMAIL, "Ada Buyer")
    (parcel,) = parcels.records
    assert isinstance(parcel, ParcelRecord)
    assert parcel.reports[-1].detail == TOLD
    assert len(payments.records) == 1
    assert len(mails.records) >= 4
    assert (orders.opened, orders.invoices, orders.gone) == (2, 1, 0)  # The contact, and what the carrier wrote.


async def test_who_closed_an_account_is_forgotten_thirty_days_later(shop: ShopUnderTest) -> None:
    customer_id, order_id = await customer_with_order(shop)
    before = await shop.ask(GetOrder(order_id=order_id))
    assert isinstance(before, Order)

    await close(shop, customer_id)

    assert isinstance(await shop.ask(ReadProfile(customer_id=customer_id)), NoSuchCustomer)
    after = await shop.ask(GetOrder(order_id=order_id))
    assert isinstance(after, Order)
    assert (after.email, after.phone) == ("", "")
    assert (after.total, after.address.country, after.number) == (before.total, "DE", before.number)
    assert after.name == before.name  # Of the invoice.
    (receipt,) = (await erasures(shop, customer_id)).receipts
    assert receipt.reason == "closed"
    checked = json.loads(receipt.checked)["checked"]
    assert {name: part["opened"] for name, part in checked.items()} == {"customer": 0, "order": 0, "shipping": 0}
    assert checked["order"]["invoices"] == 1
    assert not (await erasures(shop)).under_way
    await shop.audit()


async def test_nothing_by_which_somebody_is_found_is_left(shop: ShopUnderTest) -> None:
    customer_id, order_id = await customer_with_order(shop)

    await close(shop, customer_id)

    assert not await rows(shop, "select from customer.customers where email_index is not null or profile <> ''")
    assert not await rows(shop, "select from customer.addresses union all select from customer.passkeys")
    assert not await rows(shop, "select from customer.codes")
    assert not await rows(shop, "select from orders.orders where email_index is not null or tokens <> '{}'")
    keys = await rows(shop, "select subject, purpose from vault.keys")
    assert [tuple(key) for key in keys] == [(order_id, "invoice")]


async def test_what_was_told_with_a_line_goes_and_what_was_chosen_stays(shop: ShopUnderTest) -> None:
    order_id = (await delivered(shop)).order_id
    told = [
        {"key": "text", "title": "Engraving", "value": "For Canary", "kind": "text"},
        {"key": "colour", "title": "Colour", "value": "red", "kind": "choice"},
    ]
    await rows(shop, "update orders.lines set inputs = $1::jsonb where order_id = $2", json.dumps(told), order_id)
    await shop.clock.advance(days=3)

    await shop.ask(EraseGuest(order_id=order_id, reason="asked"))
    await shop.settle()

    order = await shop.ask(GetOrder(order_id=order_id))
    assert isinstance(order, Order)
    assert [(each.title, each.value) for each in order.lines[0].inputs] == [("Engraving", ""), ("Colour", "red")]


async def test_an_order_that_has_not_ended_is_forgotten_when_it_has(shop: ShopUnderTest) -> None:
    customer_id = await register(shop)
    placed = await shop.buy(MUG=1)
    order_id = placed.order_id
    await attach(shop, customer_id, order_id)

    await close(shop, customer_id)
    waiting = await erasures(shop, customer_id)
    order = await shop.ask(GetOrder(order_id=order_id))

    assert isinstance(order, Order)
    assert order.email
    assert [each.waiting for each in waiting.under_way] == [1]
    assert not waiting.receipts

    await send_off(shop, order_id)
    await shop.clock.advance(days=1, seconds=1)
    await shop.settle()

    done = await erasures(shop, customer_id)
    assert not done.under_way
    assert len(done.receipts) == 1


async def test_a_hold_stops_an_erasure_until_its_end(shop: ShopUnderTest) -> None:
    customer_id = await register(shop)
    until = shop.clock.now() + timedelta(days=40)
    await shop.ask(HoldPerson(subject=customer_id, reason="file 12", by="owner", until=until))

    held = await shop.ask(EraseCustomer(customer_id=customer_id, reason="asked"))
    await close(shop, customer_id)
    kept = await shop.ask(ReadPersonalAccount(customer_id=customer_id))
    await shop.clock.advance(days=11)
    await shop.settle()

    assert held == PersonHeld(subject=customer_id, reason="file 12", until=until)
    assert kept.opened
    assert not (await shop.ask(ReadPersonalAccount(customer_id=customer_id))).opened
    assert len((await erasures(shop, customer_id)).receipts) == 1


async def test_a_hold_that_is_released_holds_nothing(shop: ShopUnderTest) -> None:
    customer_id = await register(shop)
    await shop.ask(HoldPerson(subject=customer_id, reason="file 12", by="owner"))
    await shop.ask(ReleasePerson(subject=customer_id))

    assert isinstance(await shop.ask(EraseCustomer(customer_id=customer_id, reason="asked")), ErasureBegun)


async def test_who_signs_in_before_stays(shop: ShopUnderTest) -> None:
    customer_id = await register(shop)
    await shop.ask(CloseAccount(customer_id=customer_id, present="a hash"))
    await shop.clock.advance(days=29)

    again = await shop.ask(LogIn(customer_id=customer_id, password="a hash"))
    await shop.clock.advance(days=2)
    await shop.settle()

    assert isinstance(again, SignedIn)
    assert (await shop.ask(ReadPersonalAccount(customer_id=customer_id))).opened == 2


async def test_a_guest_is_forgotten_by_the_number_of_the_order(shop: ShopUnderTest) -> None:
    bought = await delivered(shop)
    await shop.clock.advance(days=3)

    order = await shop.ask(GetOrder(order_id=bought.order_id))
    assert isinstance(order, Order)

    begun = await shop.ask(EraseGuest(order_id=order.number, reason="asked"))
    await shop.settle()

    assert begun == ErasureBegun(subject=bought.order_id)
    answer = await shop.ask(ReadPersonalOrders(order_ids=(bought.order_id,)))
    assert (answer.opened, answer.invoices) == (0, 1)
    assert len((await erasures(shop, bought.order_id)).receipts) == 1
    assert await shop.ask(EraseGuest(order_id="SF-1", reason="asked")) == NoSuchPerson(subject="SF-1")


async def test_a_fresh_order_waits_until_no_answer_is_kept(shop: ShopUnderTest) -> None:
    bought = await delivered(shop)

    await shop.ask(EraseGuest(order_id=bought.order_id, reason="asked"))
    await shop.settle()
    under_way = (await erasures(shop, bought.order_id)).under_way
    await shop.clock.advance(days=3)
    await shop.settle()

    assert [each.waiting for each in under_way] == [1]
    assert len((await erasures(shop, bought.order_id)).receipts) == 1


async def test_a_cart_goes_with_its_customer(shop: ShopUnderTest) -> None:
    customer_id = await register(shop)
    cart = await shop.ask(CreateCart())
    await shop.ask(KeepCart(customer_id=customer_id, cart_id=cart.id))

    await shop.ask(EraseCustomer(customer_id=customer_id, reason="asked"))
    await shop.settle()

    assert isinstance(await shop.ask(GetCart(cart_id=cart.id)), NoSuchCart)


@pytest.mark.parametrize("point", ["orders-forgotten", "erased-listed", "customer-closing"])
async def test_killed_between_two_steps_an_erasure_goes_on(shop: ShopUnderTest, point: str) -> None:
    customer_id, _ = await customer_with_order(shop)

    async with shop.kill_at(point):
        await close(shop, customer_id)
    await shop.settle()

    found = await erasures(shop, customer_id)
    assert not found.under_way
    assert len(found.receipts) == 1
    await shop.audit()


async def test_a_receipt_that_was_changed_or_taken_away_is_found(shop: ShopUnderTest) -> None:
    for number in range(3):
        customer_id = await register(shop, f"{number}{EMAIL}")
        await shop.ask(EraseCustomer(customer_id=customer_id, reason="asked"))
        await shop.settle()
    whole = await erasures(shop)

    await rows(shop, "update privacy.receipts set reason = 'closed' where id = 2")
    changed = await erasures(shop)
    await rows(shop, "update privacy.receipts set reason = 'asked' where id = 2")
    await rows(shop, "delete from privacy.receipts where id = 2")

    assert len(whole.receipts) == 3
    assert (whole.broken_at, changed.broken_at, (await erasures(shop)).broken_at) == (None, 2, 3)
    assert STREET not in str(whole)
