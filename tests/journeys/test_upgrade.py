"""What a living shop has in its tables when a new version starts on them."""

import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import asyncpg
import msgspec
import pytest

from actors.catalog.category_rules import refusal
from bus.codec import encode
from bus.messages.base import Money
from bus.messages.navigation import Category
from bus.messages.payment import RefundProcessed
from engine.clock import ManualClock
from engine.migrations import migrate
from testkit import Servers
from wiring.domains import SCHEMAS

# The first file of each domain that a living shop of then, of commit 4663331, lacks.
NEW: Mapping[str, str] = {
    "bus": "0004",
    "gateway": "0003",
    "analytics": "0002",
    "catalog": "0003",
    "email": "0002",
    "inventory": "0002",
    "order": "0003",
    "payment": "0004",
    "shipping": "0002",
    "staff": "0001",
    "warehouse": "0002",
}


class OldShop:
    """The tables as they were before some files."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", url: str) -> None:
        self.connection = connection
        self._url = url

    async def upgrade(self) -> list[str]:
        return await migrate(self._url, SCHEMAS, ManualClock())

    async def rows(self, sql: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await self.connection.fetch(sql)]


@pytest.fixture(scope="module")
def schemas_of_then(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    root, folders = tmp_path_factory.mktemp("then"), dict(SCHEMAS)
    for domain, first in NEW.items():
        folders[domain] = root / domain
        folders[domain].mkdir()
        for file in sorted(SCHEMAS[domain].glob("*.sql")):
            if file.name < first:
                shutil.copy(file, folders[domain])
    return folders


@pytest.fixture
async def old_shop(servers: Servers, schemas_of_then: Mapping[str, Path]) -> AsyncIterator[OldShop]:
    url = await servers.fresh_database(schemas_of_then)
    connection = await asyncpg.connect(url)
    yield OldShop(connection, url)
    await connection.close()
    await servers.drop(url)


async def add_product(
    shop: OldShop, name: str, prices: Mapping[str, int], currency: str, removed: str = "null"
) -> None:
    await shop.connection.execute(
        f"""insert into catalog.products (id, slug, title, category, description, lowest_price, removed_at)
        values ($1, lower($1), $1, 'Cups', '', $2, {removed})""",
        name, min(prices.values()),
    )  # fmt: skip
    await shop.connection.executemany(
        "insert into catalog.skus (sku, product_id, title, price, currency, weight_g) values ($1, $2, '', $3, $4, 100)",
        [(sku, name, price, currency) for sku, price in prices.items()],
    )


async def add_order(  # One of a shop of then: all that is known of it.
    shop: OldShop,
    name: str,
    currency: str,
    *lines: tuple[int, int],
    shipping: int = 0,
    paid: bool = True,
    refunds: tuple[int, ...] = (),
) -> None:
    subtotal = sum(quantity * price for quantity, price in lines)
    total, back, execute = subtotal + shipping, sum(refunds), shop.connection.execute
    status = "paid" if paid else "cancelled"
    await execute(
        """insert into orders.orders (id, cart_id, status, email, name, address, shipping_method, currency, subtotal,
        shipping, total, refunded, weight_g, created_at)
        values ($1, 'c', $2, 'a@b.c', 'Ada', '{}', 'standard', $3, $4, $5, $6, $7, 100, now())""",
        name, status, currency, subtotal, shipping, total, back,
    )  # fmt: skip
    for place, (quantity, price) in enumerate(lines):
        await execute("insert into orders.lines values ($1, $2, 'MUG', 'Mug', $3, $4)", name, place, quantity, price)
    await execute(
        "insert into analytics.sales (order_id, placed_at, currency, units, ordered, paid, refunded)"
        " values ($1, now(), $2, 1, $3, $4, $5)",
        name, currency, total, total if paid else 0, back,
    )  # fmt: skip
    if not paid:  # Stripe has refused it.
        await execute("insert into payment.payments values ($1, null, 1, '', 0, 0, 0, 0, 'closed', now())", name)
        return
    await execute(
        """insert into payment.payments (order_id, intent_id, currency, amount, received, refunding, refunded, status,
        created_at, received_at) values ($1, $2, $3, $4, $4, $5, $5, 'received', now(), now())""",
        name, f"pi_{name}", currency, total, back,
    )  # fmt: skip
    await execute(
        "insert into payment.stripe_events values ($1, 'payment_intent.succeeded', $2, $3, 'received', now())",
        f"evt_{name}", f"pi_{name}", total,
    )  # fmt: skip
    for number, amount in enumerate(refunds):
        await execute(
            "insert into payment.refunds (id, order_id, amount, reason, status, created_at)"
            " values ($1, $2, $3, 'duplicate', 'succeeded', now())",
            f"{name}-refund-{number}", name, amount,
        )  # fmt: skip


async def test_crowns_lose_their_hundredths_and_other_money_stays(old_shop: OldShop) -> None:
    await add_product(old_shop, "MUG", {"MUG-BLUE": 145_000, "MUG-SAND": 139_950, "MUG-TINY": 50}, "ISK")
    await add_product(old_shop, "CUP", {"CUP": 1450}, "EUR")
    await add_order(old_shop, "whole", "ISK", (2, 145_000), (1, 100), refunds=(10_000, 100))
    await add_order(old_shop, "euros", "EUR", (2, 1450), shipping=490, refunds=(101,))
    await add_order(old_shop, "express", "ISK", (1, 145_000), shipping=990, paid=False)
    await add_order(old_shop, "tiny", "ISK", (1, 50), (1, 20), shipping=490, paid=False)

    assert set(await old_shop.upgrade()) >= {"catalog/0003_isk.sql", "order/0005_isk.sql", "payment/0005_isk.sql"}

    assert await old_shop.rows("select sku, price from catalog.skus order by sku") == [
        ("CUP", 1450), ("MUG-BLUE", 1450), ("MUG-SAND", 1400), ("MUG-TINY", 1),
    ]  # fmt: skip
    assert await old_shop.rows("select id, lowest_price from catalog.products order by id") == [
        ("CUP", 1450), ("MUG", 1),
    ]  # fmt: skip
    assert await old_shop.rows("select id, subtotal, shipping, total, refunded from orders.orders order by id") == [
        ("euros", 2900, 490, 3390, 101),
        ("express", 1450, 10, 1460, 0),
        ("tiny", 1, 5, 6, 0),
        ("whole", 2901, 0, 2901, 101),
    ]
    assert await old_shop.rows("select order_id, unit_price from orders.lines order by order_id, place") == [
        ("euros", 1450), ("express", 1450), ("tiny", 1), ("tiny", 1), ("whole", 1450), ("whole", 1),
    ]  # fmt: skip
    columns = "order_id, currency, amount, received, refunding, refunded"
    assert await old_shop.rows(f"select {columns} from payment.payments order by order_id") == [
        ("euros", "EUR", 3390, 3390, 101, 101),
        ("express", "", 0, 0, 0, 0),
        ("tiny", "", 0, 0, 0, 0),
        ("whole", "ISK", 2901, 2901, 101, 101),
    ]
    assert await old_shop.rows("select id, amount from payment.refunds order by id") == [
        ("euros-refund-0", 101), ("whole-refund-0", 100), ("whole-refund-1", 1),
    ]  # fmt: skip
    assert await old_shop.rows("select id, amount from payment.stripe_events order by id") == [
        ("evt_euros", 3390), ("evt_whole", 2901),
    ]  # fmt: skip
    assert await old_shop.rows("select order_id, ordered, paid, refunded from analytics.sales order by order_id") == [
        ("euros", 3390, 3390, 101), ("express", 1460, 0, 0), ("tiny", 6, 0, 0), ("whole", 2901, 2901, 101),
    ]  # fmt: skip


async def test_no_amount_of_an_order_whatever_it_was_breaks_a_promise_of_the_tables(old_shop: OldShop) -> None:
    """The sandbox took what Stripe does not, so a shop that was tried out may have any amount."""
    for total in sorted({*range(1, 260, 7), 99, 100, 101, 199, 200}):
        half = total // 2
        await add_order(old_shop, f"odd-{total}", "ISK", (1, total), shipping=490, refunds=(half,) if half else ())

    await old_shop.upgrade()

    orders = await old_shop.rows("select id, total, refunded from orders.orders order by id")
    assert await old_shop.rows("select order_id, amount, refunded from payment.payments order by order_id") == orders
    assert await old_shop.rows("select order_id, paid, refunded from analytics.sales order by order_id") == orders


async def test_names_of_what_was_removed_are_free_and_it_can_still_be_looked_up(old_shop: OldShop) -> None:
    await add_product(old_shop, "MUG", {"MUG-BLUE": 1450, "MUG-SAND": 1350}, "EUR", removed="'2030-01-07T12:00:00Z'")
    await add_product(old_shop, "CUP", {"CUP": 990}, "EUR")

    await old_shop.upgrade()

    assert await old_shop.rows("select id from catalog.products") == [("CUP",)]
    assert await old_shop.rows("select sku from catalog.skus") == [("CUP",)]
    assert await old_shop.rows(
        "select id, slug, title, extract(year from removed_at)::int from catalog.removed_products"
    ) == [("MUG", "mug", "MUG", 2030)]
    assert await old_shop.rows("select sku, product_id, price, renamed from catalog.removed_skus order by sku") == [
        ("MUG-BLUE", "MUG", 1450, None), ("MUG-SAND", "MUG", 1350, None),
    ]  # fmt: skip


async def test_texts_of_categories_become_categories(old_shop: OldShop) -> None:
    texts = ["Mugs & Cups", "Mugs, Cups", "Möbel für Straßen", "衣", "Audio/Video", "a" * 200, "Mugs & Cups", ""]
    for number, text in enumerate(texts):
        await add_product(old_shop, f"P{number}", {f"S{number}": 990}, "EUR")
        await old_shop.connection.execute("update catalog.products set category = $1 where id = $2", text, f"P{number}")

    await old_shop.upgrade()

    assert await old_shop.rows("select category from catalog.products order by id") == [(text,) for text in texts]
    found = await old_shop.rows(
        "select p.categories, c.title from catalog.products p left join catalog.categories c on c.id = p.categories[1]"
        " order by p.id"
    )
    assert [title for _, title in found] == [*texts[:-1], None]
    assert found[-1] == ([], None)
    paths = await old_shop.rows("select path from catalog.categories")
    assert len(paths) == len({*texts} - {""})
    assert {("mugs-cups",), ("mobel-fur-strassen",), ("category",), ("audio-video",), ("a" * 50,)} <= {*paths}
    rows = await old_shop.connection.fetch("select id, parent, slug, path, title from catalog.categories")
    kinds = [Category(**dict(row)) for row in rows]
    assert all(refusal(each) is None and each.path == each.slug == each.id and each.parent is None for each in kinds)


@pytest.mark.parametrize("table", ["deliveries", "dead_letters"])
async def test_what_was_said_before_and_is_heard_after_is_not_a_hundred_times_as_much(
    old_shop: OldShop, table: str
) -> None:
    columns, values = {
        "deliveries": ("stored_at", "now()"),
        "dead_letters": ("error, parked_at", "'it failed', now()"),
    }[table]
    for currency in ("ISK", "EUR"):
        amount = Money(amount=561_500, currency=currency)
        event = RefundProcessed(order_id="o", refund_id="r", amount=amount, reason="duplicate")
        await old_shop.connection.execute(
            f"insert into bus.{table} (message_id, subscriber, type, key, body, cause, attempts, {columns})"
            f" values ('m', 'order', 'RefundProcessed', 'o', $1, '', 0, {values})",
            encode(event),
        )

    await old_shop.upgrade()

    rows = await old_shop.rows(f"select body from bus.{table} order by id")
    bodies = [msgspec.json.decode(str(body), type=RefundProcessed) for (body,) in rows]
    assert [str(event.amount) for event in bodies] == ["ISK 5,615", "€5,615.00"]


# What was ever written about a webhook, and what became of it.
EFFECTS: Mapping[str, tuple[str, str]] = {
    "received": ("received", ""),
    "declined": ("declined", ""),
    "failed": ("failed", ""),
    "failed: it is cancelled": ("failed", "it is cancelled"),
    "refunded": ("refunded", ""),
    "refunded at Stripe": ("refunded", "at Stripe"),
    "refund failed: needs a person": ("refund_failed", "needs a person"),
    "its refunds are looked up": ("refunds_listed", ""),
    "disputed": ("disputed", ""),
    "dispute won": ("dispute_closed", "won"),
    "funds withdrawn": ("funds_moved", "withdrawn"),
    "warned of fraud": ("warned", ""),
    "ignored: of no interest": ("ignored", "of no interest"),
    "ignored: its money is not known yet": ("ignored", "its money is not known yet"),
    "refused: 4490 EUR was expected": ("refused", "4490 EUR was expected"),
    "refused: Stripe counts 1 in hundredths: of UGX": ("refused", "Stripe counts 1 in hundredths: of UGX"),
    "": ("ignored", ""),
    "a word of nobody's": ("ignored", "a word of nobody's"),
}


async def test_what_webhooks_led_to_becomes_a_word_and_a_detail(old_shop: OldShop) -> None:
    for number, effect in enumerate(EFFECTS):
        await old_shop.connection.execute(
            "insert into payment.stripe_events values ($1, 'payment_intent.succeeded', $2, 1, $3, now())",
            f"evt_{number:02}", f"pi_{number}", effect,
        )  # fmt: skip

    assert "payment/0008_effects.sql" in await old_shop.upgrade()

    assert await old_shop.rows("select effect, detail from payment.stripe_events order by id") == list(EFFECTS.values())
    with pytest.raises(asyncpg.CheckViolationError):
        await old_shop.connection.execute("update payment.stripe_events set effect = 'ignored: too late'")
