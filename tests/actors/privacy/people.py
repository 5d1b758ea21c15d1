"""Persons for these tests: a customer with an order, made by messages, and what is left of them."""

from typing import Final

import asyncpg

from actors.customer.rules import CLOSING
from bus.messages.base import Address
from bus.messages.cart import CheckedOut
from bus.messages.customer import CloseAccount, Register, SignedIn, VerifyRegistration
from bus.messages.customer_own import AttachOrder, GiveConsent, SaveAddress
from bus.messages.order import GetOrder, Order
from bus.messages.privacy import Erasures, ListErasures
from bus.messages.warehouse import Pack, Pick, Ship
from testkit import ShopUnderTest
from testkit.people import BusBuyer

EMAIL: Final = "grace.canary@example.com"
STREET: Final = "7 Canary Lane"
HOME: Final = Address(line1=STREET, city="Bremen", postal_code="28195", country="DE")
TOLD: Final = "left with Mrs Canary on the second floor, who is at home in the mornings until about noon"


async def register(shop: ShopUnderTest, email: str = EMAIL) -> str:
    """Make an account by the code of its mail; returns its id."""
    index = shop.inside.vault.email_index(email).hex()
    await shop.ask(Register(email_index=index, email=email, name="Grace Canary", password="a hash", browser=""))
    await shop.clock.at_rest()
    code = next(word for word in shop.mails(email)[-1].text.split() if word.isdecimal() and len(word) == 6)
    signed_in = await shop.ask(VerifyRegistration(email_index=index, code=code, browser=None))
    assert isinstance(signed_in, SignedIn), signed_in
    saved = SaveAddress(
        customer_id=signed_in.customer_id,
        id=f"adr_{signed_in.customer_id}",
        is_new=True,
        name="Grace Canary",
        phone="+49 421 555",
        address=HOME,
        is_default=True,
    )
    await shop.ask(saved)
    await shop.ask(
        GiveConsent(
            customer_id=signed_in.customer_id, purpose="newsletter", is_given=True, text_version="1", source="test"
        )
    )
    return signed_in.customer_id


async def delivered(shop: ShopUnderTest, order_id: str = "") -> CheckedOut:
    """Buy a mug and let it arrive."""
    buyer = BusBuyer(shop, email=EMAIL)
    placed = await buyer.check_out(await buyer.fill_cart({"MUG": 1}), order_id)
    await shop.pay(placed.intent_id, placed.client_secret)
    await send_off(shop, placed.order_id)
    return placed


async def send_off(shop: ShopUnderTest, order_id: str, detail: str = TOLD) -> None:
    """Pack a paid order, and let its parcel arrive."""
    for step in (Pick(id=order_id), Pack(id=order_id), Ship(id=order_id)):
        await shop.ask(step)
        await shop.settle()
    order = await shop.ask(GetOrder(order_id=order_id))
    assert isinstance(order, Order)
    assert order.tracking_number
    await shop.sandbox.carrier.advance(order.tracking_number, "delivered", detail)
    await shop.settle()


async def close(shop: ShopUnderTest, customer_id: str) -> None:
    """Close an account, and let its 30 days pass."""
    await shop.ask(CloseAccount(customer_id=customer_id, present="a hash"))
    await shop.clock.advance(seconds=CLOSING.total_seconds() + 1)
    await shop.settle()


async def erasures(shop: ShopUnderTest, subject: str = "") -> Erasures:
    return await shop.ask(ListErasures(subject=subject))


async def attach(shop: ShopUnderTest, customer_id: str, order_id: str) -> None:
    await shop.ask(AttachOrder(customer_id=customer_id, order_id=order_id))


async def rows(shop: ShopUnderTest, statement: str, *parameters: object) -> list[asyncpg.Record]:
    """What a statement finds in the shop's database."""
    return list(await shop.inside.services.database.fetch(statement, *parameters))
