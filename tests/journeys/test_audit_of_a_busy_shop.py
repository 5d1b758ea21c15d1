"""Audits beside the work of a shop: nobody is blamed for what is in motion, and nobody waits."""

import asyncio
import importlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import pytest

from bus.messages.audit import Audit
from bus.messages.base import Address, Money, OrderLine, Sums
from bus.messages.order import PlaceOrder
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, at_once, new_key, sql


@asynccontextmanager
async def beside(shop: ShopUnderTest) -> AsyncIterator[list[str]]:
    """Audits without a pause while the block runs; gives what they found."""
    found: list[str] = []
    audits = 0
    over = asyncio.Event()

    async def keep_auditing() -> None:
        nonlocal audits
        while not over.is_set():
            audited = await shop.ask(Audit(), timeout_s=60)
            found.extend(f"{finding.rule} {finding.about}: {finding.detail}" for finding in audited.findings)
            audits += 1

    task = asyncio.create_task(keep_auditing())
    try:
        yield found
    finally:
        over.set()
        await task
        print(f"{audits} audits")  # noqa: T201 - for whoever wants to know


@pytest.mark.timeout(180)
async def test_a_busy_shop_is_never_blamed(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    assert (await staff.count("BOOK", 400)).status == 200
    gate = asyncio.Semaphore(16)

    async def shop_once(number: int) -> None:
        async with gate:
            bought = await buyer.order(BOOK=1 + number % 3)
            if number % 5 == 4:
                await buyer.ask("POST", f"/orders/{bought.order}/cancel", token=bought.token)
                return
            assert await buyer.confirm(bought) == 200
            await shop.sandbox.flush_webhooks()
            if number % 5 == 3:
                await buyer.ask("POST", f"/orders/{bought.order}/cancel", token=bought.token)
                return
            for _ in range(number % 2):
                await staff.ask("POST", f"/admin/api/orders/{bought.order}/refunds", {"amount": 100}, key=new_key())
            for step in ("pick", "pack", "ship"):
                await staff.ask("POST", f"/admin/api/pick-lists/{bought.order}/{step}")

    async with beside(shop) as found, asyncio.timeout(150):
        await asyncio.gather(*(shop_once(number) for number in range(100)))
        await shop.settle()

    assert found == []
    assert await staff.findings() == []
    assert await staff.stuck_money() == []


async def test_an_audit_of_thousands_of_orders_is_quick_and_holds_up_nobody(
    shop: ShopUnderTest, buyer: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    address = Address(line1="1", city="H", postal_code="2", country="DE")
    line = OrderLine(sku="BOOK", title="Book", quantity=1, unit_price=Money(amount=1200, currency="EUR"))
    sums = Sums(currency="EUR", subtotal=1200, shipping=490, total=1690)
    count = 3000
    placed = 0
    while placed < count:
        await at_once(*(
            shop.ask(PlaceOrder(
                order_id=f"ord_{secrets.token_urlsafe(16)}", cart_id="cart_1", email="a@b.example", name="A",
                address=address, shipping_method="standard", lines=(line,), weight_g=100, sums=sums,
            ))
            for _ in range(500)
        ))  # fmt: skip
        placed += 500
    await shop.settle()
    for table in ("orders.orders", "orders.lines", "warehouse.pick_lists", "email.mails"):
        await sql(shop, f"analyze {table}")

    began = perf_counter()
    audit = asyncio.create_task(shop.ask(Audit(), timeout_s=60))
    slowest = 0.0
    while not audit.done():
        asked = perf_counter()
        await buyer.available("MUG")
        slowest = max(slowest, perf_counter() - asked)
    took = perf_counter() - began
    audited = await audit

    assert audited.findings == ()
    assert {part.name: part.checked for part in audited.parts}["orders"] == count
    with capsys.disabled():
        say = f"{took / count * 1e6:.0f} ms per 1,000 orders; slowest request beside it {slowest * 1e3:.0f} ms"
        print(f"\naudit: {say}")  # noqa: T201
    assert took < 10


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("actors.order.store", "_FACTS"), ("actors.payment.audit_store", "_FACTS"),
        ("actors.inventory.store", "_FACTS"),
        ("actors.warehouse.store", "_FACTS"), ("actors.shipping.store", "_FACTS"), ("actors.email.store", "_FACTS"),
    ],
)  # fmt: skip
async def test_a_page_is_read_by_an_index(shop: ShopUnderTest, module: str, name: str) -> None:
    statement: str = getattr(importlib.import_module(module), name)
    has_limit = "$3" in statement
    # Small tables are read whole, which says nothing; so that way is closed.
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        await tx.execute("set local enable_seqscan = off")
        await tx.execute("set local enable_sort = off")
        plan = await tx.fetch(f"explain {statement}", "ord_a", "ord_b", *([500] if has_limit else []))

    text = "\n".join(row[0] for row in plan)
    assert re.search(r"Index Cond: \(?\(\(?(order_)?id > ", text), text
    assert not re.search(r"Seq Scan", text), text
