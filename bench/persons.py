"""An export and an erasure of one customer with many orders, without HTTP."""

from pathlib import Path
from time import perf_counter
from typing import Final

import anyio
import uvloop

from bench.in_process_shop import open_in_process_shop
from bench.report import ResultTable
from bus.messages.base import Money, OrderLine, Sums, new_id
from bus.messages.customer import AccountMail, ReadAccountMail, Register, SignedIn, VerifyRegistration
from bus.messages.customer_own import AttachOrder
from bus.messages.order import PlaceOrder
from bus.messages.privacy import EraseCustomer, ErasureBegun, ListErasures
from gateway.personal_zip import personal_zip
from testkit.people import ADDRESS, EMAIL, NAME
from wiring.shop import Shop

_ORDERS: Final = (100, 1_000)
_LOOK_S: Final = 0.01
_LONGEST_S: Final = 120.0
_ENDED = "update orders.orders set status = 'cancelled', created_at = created_at - interval '3 days'"


def table(folder: Path) -> ResultTable:
    """The export and the erasure of one customer."""
    found = ResultTable(
        "All that is kept of one customer, without HTTP",
        ("orders", "export, s", "ZIP, KB", "erasure, from the ask to the receipt, s"),
        aim="Aim: an export of 1,000 orders within 10 s.",
    )
    for orders, export_s, size, erasure_s in uvloop.run(_measure(folder)):
        found.add(f"{orders:,}", f"{export_s:.2f}", f"{size / 1000:.0f}", f"{erasure_s:.2f}")
    return found


async def _measure(folder: Path) -> list[tuple[int, float, int, float]]:
    rows = []
    async with open_in_process_shop(folder) as shop:
        for count in _ORDERS:
            customer_id = await _customer(shop, f"{count}{EMAIL}")
            await _orders(shop, customer_id, count)
            began = perf_counter()
            size = len(await personal_zip(shop.bus, shop.clock.now(), customer_id))
            export_s, began = perf_counter() - began, perf_counter()
            assert isinstance(await shop.bus.ask(EraseCustomer(customer_id=customer_id, reason="asked")), ErasureBegun)
            found = await shop.bus.ask(ListErasures(subject=customer_id))
            with anyio.fail_after(_LONGEST_S):
                while not found.receipts:
                    await anyio.sleep(_LOOK_S)
                    found = await shop.bus.ask(ListErasures(subject=customer_id))
            rows.append((count, export_s, size, perf_counter() - began))
    return rows


async def _customer(shop: Shop, email: str) -> str:
    """Make an account, as the edge does."""
    index = shop.vault.email_index(email).hex()
    await shop.bus.ask(Register(email_index=index, email=email, name=NAME, password="", browser=""))
    (row,) = await shop.services.database.fetch(
        "select id, subject from customer.codes where email_index = decode($1, 'hex')", index
    )
    mail = await shop.bus.ask(ReadAccountMail(mail_id=row["id"], kind="register", customer_id=row["subject"]))
    assert isinstance(mail, AccountMail)
    made = await shop.bus.ask(VerifyRegistration(email_index=index, code=mail.code, browser=None))
    assert isinstance(made, SignedIn)
    return made.customer_id


async def _orders(shop: Shop, customer_id: str, count: int) -> None:
    """Place orders that have ended some days ago."""
    price = Money(amount=1450, currency="EUR")
    for _ in range(count):
        order_id = new_id("ord")
        ask = PlaceOrder(
            order_id=order_id,
            cart_id="cart",
            email=EMAIL,
            name=NAME,
            address=ADDRESS,
            shipping_method="standard",
            lines=(OrderLine(sku="MUG", title="A mug", quantity=1, unit_price=price),),
            weight_g=100,
            sums=Sums(currency="EUR", subtotal=1450, shipping=0, total=1450),
        )
        await shop.bus.ask(ask)
        await shop.bus.ask(AttachOrder(customer_id=customer_id, order_id=order_id))
    await shop.services.database.fetch(_ENDED)
