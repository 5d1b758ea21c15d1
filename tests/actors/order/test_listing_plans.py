"""Each list of orders walks along an index, however many orders there are: what PostgreSQL plans to do."""

import re
from datetime import UTC, datetime

import pytest

from actors.order.listing import READ_SHOWN, WALKS
from bus.messages.order_desk import ListOrders
from testkit import ShopUnderTest
from tests.journeys.people import sql

ORDERS = 20_000
# Of a shop that has worked for long: nearly all delivered, some on their way, few refunded or in doubt.
MADE = """
insert into orders.orders (id, cart_id, status, email, name, phone, address, country, shipping_method, currency,
    subtotal, shipping, total, refunded, weight_g, created_at)
select 'ord_' || lpad(n::text, 8, '0'), 'cart_' || n,
    case when n % 400 = 0 then 'paid' when n % 401 = 0 then 'pending_payment' when n % 20 = 0 then 'cancelled'
        else 'delivered' end,
    'ada' || n || '@example.com', 'Ada ' || n, '', '{"line1": "1 Harbour Street", "city": "Hamburg", "country": "DE"}',
    'DE', 'standard', 'EUR', 1000, 0, 1000, case when n % 200 = 0 then 500 else 0 end, 100,
    '2029-12-01'::timestamptz + n * interval '1 minute'
from generate_series(1, $1::int) n"""
MADE_LINES = """
insert into orders.lines (order_id, place, sku, title, quantity, unit_price)
select id, 0, case when right(id, 1) < '7' then 'BOOK' else 'SKU-' || right(id, 3) end, 'A thing', 1, 1000
from orders.orders"""
MADE_TIMELINE = """
insert into orders.timeline (order_id, at, event, detail)
select id, created_at, event, '' from orders.orders, unnest(array['OrderCreated', 'PaymentReceived']) event
union all select id, created_at, 'DisputeOpened', '' from orders.orders where right(id, 4) = '0007'"""
MADE_SKUS = """
insert into orders.contained (sku, created_at, order_id)
select sku, created_at, order_id from orders.lines join orders.orders on id = order_id"""
LATEST = datetime(2029, 12, 10, tzinfo=UTC)
BEFORE = {1: "'2029-12-12'::timestamptz", 2: "'x'", 3: "'1970-01-01'::timestamptz", 4: "21"}
ANY = {5: "null::text[]", 6: "null::text", 7: "false", 8: f"'{LATEST.isoformat()}'::timestamptz"}
WORDS = {9: "'BOOK'", 10: "'{}'", 11: "'{}'", 12: "'{}'", 13: "'{BOOK,book}'::text[]"}
OF_DETAILS = {1: "'{ord_00000001,ord_00000002}'", 2: f"'{LATEST.isoformat()}'"}

LISTS = {
    "the newest": (WALKS["all"], {**BEFORE, **ANY}),
    "of a status": (WALKS["statuses"], {**BEFORE, **ANY, 5: "'{paid,picking}'::text[]"}),
    "late": (WALKS["statuses"], {**BEFORE, **ANY, 4: "1000", 5: "'{paid,picking,packed}'::text[]", 7: "true"}),
    "paid": (WALKS["all"], {**BEFORE, **ANY, 4: "1000", 6: "'paid'"}),
    "refunded": (WALKS["refunded"], {**BEFORE, **ANY, 4: "1000", 6: "'refunded'"}),
    "in doubt": (WALKS["in_doubt"], {**BEFORE, **ANY, 4: "1000", 6: "'in_doubt'"}),
    "found": (WALKS["found"], {**BEFORE, **ANY, 4: "500", **WORDS}),
    "shown": (READ_SHOWN, OF_DETAILS),
}


async def fill(shop: ShopUnderTest, orders: int) -> None:
    """Make a shop that has had so many orders."""
    await sql(shop, MADE, orders)
    for statement in (MADE_LINES, MADE_TIMELINE, MADE_SKUS):
        await sql(shop, statement)
    for table in ("orders", "lines", "timeline", "contained"):
        await sql(shop, f"analyze orders.{table}")


async def plan(shop: ShopUnderTest, statement: str, values: dict[int, str]) -> str:
    written = re.sub(r"\$(\d+)", lambda found: values[int(found[1])], statement)
    return "\n".join(row[0] for row in await shop.inside.services.database.fetch(f"explain {written}"))


@pytest.mark.timeout(120)
async def test_no_list_reads_through_all_orders(shop: ShopUnderTest) -> None:
    await fill(shop, ORDERS)
    plans = {name: await plan(shop, statement, values) for name, (statement, values) in LISTS.items()}
    for name, planned in plans.items():
        assert not re.search(r"Seq Scan on (orders|lines|timeline|contained)\b", planned), f"{name}:\n{planned}"
    assert "contained_pkey" in plans["found"]
    assert "orders_by_status" in plans["late"]
    assert "orders_refunded" in plans["refunded"]
    assert "timeline_of_doubts" in plans["in doubt"]

    newest = await shop.ask(ListOrders(q="BOOK", limit=100))
    assert len(newest.orders) == 100
    assert [order.created_at for order in newest.orders] == sorted(
        (order.created_at for order in newest.orders), reverse=True
    )
    few = await shop.ask(ListOrders(payment="in_doubt", limit=100))
    assert (len(few.orders), few.next) == (2, None)
