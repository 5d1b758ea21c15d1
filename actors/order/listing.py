"""Lists of orders for staff: narrowed by state and time, or found by number, SKU or buyer.

A page is made in two steps. The first walks along an index, the newest order first, through a window of bounded size,
and says of each order whether it is meant; the second reads those that are shown. So the price of a page does not
depend on how many orders there are, nor on how few of them are meant: a page that found too few says where to go on.
Rejected: docs/decisions/0058.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, get_args

from asyncpg import Record

from actors.order import buyers, finding
from bus.messages.base import Money
from bus.messages.order import OrderStatus
from bus.messages.order_desk import LATE_AFTER_H, ListOrders, OrderPage, OrderRow
from engine.blind_index import first_words
from engine.clock import FOREVER, LONG_AGO
from engine.cursor import Page, make_cursor, page_limit, page_of, read_cursor
from engine.postgres import Database
from engine.sealing import Erased
from engine.vault import Vault

_WINDOW: Final = 1000  # Orders that one page may pass over: some milliseconds.
_MOST_OPENED: Final = 500  # Of one page.
_UNPAID: Final = frozenset[OrderStatus]({"pending_payment", "payment_processing", "cancelled"})
_TO_SHIP: Final = frozenset[OrderStatus]({"paid", "picking", "packed"})

# A dispute that was lost stays a doubt, as the warehouse has it. Here and below a value is asked for, and not whether
# there is one: for that PostgreSQL might read through the timelines of all orders.
_IN_DOUBT: Final = """((
    select 1 from orders.timeline t where t.order_id = o.id and t.event in ('DisputeOpened', 'FraudWarned') limit 1
) is not null and (select count(*) filter (where event = 'DisputeOpened')
        + count(*) filter (where event = 'FraudWarned')
        - count(*) filter (where event = 'DisputeClosed' and detail not like '%: lost')
    from orders.timeline t where t.order_id = o.id) > 0)"""
# Money that is to go back and is still here counts as paid.
_PAYMENT: Final = """case when IN_DOUBT then 'in_doubt'
    when o.refunded > 0 then case when o.refunded < o.total then 'partly_refunded' else 'refunded' end
    when o.status in ('pending_payment', 'payment_processing') then 'unpaid'
    when o.status = 'cancelled' and not o.refund_requested then 'unpaid'
    else 'paid' end""".replace("IN_DOUBT", _IN_DOUBT)
_LATE: Final = """(o.status in ('paid', 'picking', 'packed') and o.created_at <= LATEST and coalesce((
    select min(t.at) from orders.timeline t where t.order_id = o.id
        and t.event in ('PaymentReceived', 'OrderSettled', 'PaymentCameLate')) <= LATEST, false))"""
_WALK: Final = """
select id, created_at, status, refunded, total, refund_requested, number from orders.orders
where (created_at, id) < ($1, $2) and created_at >= $3 and WHICH order by created_at desc, id desc limit $4"""
# Of each status its own walk: "status is any of these" is read in no order.
_OF_STATUSES: Final = """
select each.* from unnest($5::text[]) wanted (which) cross join lateral (WALK) each
order by created_at desc, id desc limit $4""".replace("WALK", _WALK.replace("WHICH", "status = which"))
_REFUNDED: Final = _WALK.replace("WHICH", "refunded > 0")
_DOUBTED: Final = _WALK.replace(
    "WHICH", "id in (select order_id from orders.timeline where event in ('DisputeOpened', 'FraudWarned'))"
)
_FOUND: Final = _WALK.replace("WHICH", "id in (select id from by_words union all select id from by_sku)")
# Materialized, for else buyers might be looked for from the newest order on until enough are found.
_FINDING: Final = """
with by_words as materialized (
    select id from orders.orders
    where number = $9 or (tokens && $10::bigint[] and tokens && $11::bigint[] and tokens && $12::bigint[])
), by_sku as materialized (
    select each.id from unnest($13::text[]) wanted (which) cross join lateral (
        select order_id as id from orders.contained
        where sku = which and (created_at, order_id) < ($1, $2) and created_at >= $3
        order by created_at desc, order_id desc limit $4) each
)"""
_NAMED: Final = "(o.number = $9 or o.id in (select id from by_sku))"
_MEANT: Final = """
select o.id, o.created_at, ($5::text[] is null or o.status = any($5)) and (not $7 or IS_LATE)
    and ($6::text is null or STATE_OF_PAYMENT = $6) as is_meant, NAMED as is_named
from (WALK) o order by o.created_at desc, o.id desc"""
_SHOWN: Final = """
select o.id, o.number, o.status, o.currency, o.total, o.created_at, o.email, o.name, o.phone, o.address, o.contact,
    o.invoice, ACCOUNT_KEY as account_key, INVOICE_KEY as invoice_key, STATE_OF_PAYMENT as payment, IS_LATE as is_late,
    (select coalesce(sum(quantity), 0)::int from orders.lines where order_id = o.id) as units
from orders.orders o where o.id = any($1) order by o.created_at desc, o.id desc"""


def _written(sql: str, latest: str) -> str:
    """Fill in what an order's states are; `latest` is the parameter of when a late one was paid at the latest."""
    sql = sql.replace("STATE_OF_PAYMENT", _PAYMENT).replace("IS_LATE", _LATE.replace("LATEST", latest))
    return buyers.with_locked_keys(sql)


READ_SHOWN: Final = _written(_SHOWN, "$2")
WALKS: Final[Mapping[str, str]] = {
    name: _written(finding + _MEANT.replace("WALK", walk).replace("NAMED", named), "$8")
    for name, finding, walk, named in (
        ("all", "", _WALK.replace("WHICH", "true"), "true"),
        ("statuses", "", _OF_STATUSES, "true"),
        ("refunded", "", _REFUNDED, "true"),
        ("in_doubt", "", _DOUBTED, "true"),
        ("found", _FINDING, _FOUND, _NAMED),
    )
}


class _Found(NamedTuple):
    """An order that was read, and its buyer."""

    row: Record
    buyer: buyers.Contact | Erased


async def page(database: Database, vault: Vault, ask: ListOrders, now: datetime) -> OrderPage:
    """Read a page of orders, the newest first.

    Raises:
        BadInput: `after` is not from a page of this list.
    """
    limit, latest = page_limit(ask.limit), now - timedelta(hours=LATE_AFTER_H)
    most = _most(ask, limit)
    passed = await _walk(database, vault, ask, latest, most)
    named = {row["id"] for row in passed if row["is_named"]}
    meant = [row["id"] for row in passed if row["is_meant"]]
    first = meant[: limit + 1]  # Boxes are opened beyond these only to see whether their buyers are meant.
    shown = await _read(database, vault, first if named.issuperset(first) else meant, latest)
    shown = [each for each in shown if each.row["id"] in named or finding.is_said(each.buyer, ask.q)]
    if len(shown) <= limit and len(passed) == most:
        found = Page(shown, make_cursor(*_place(passed[-1])))  # Others may follow.
    else:
        found = page_of(shown[: limit + 1], limit, lambda each: _place(each.row))
    return OrderPage(orders=tuple(_row(each, ask) for each in found.items), next=found.next)


def _most(ask: ListOrders, limit: int) -> int:
    """How many orders to pass over: none that is not shown, if the walk alone says what is meant."""
    if ask.q.strip():
        return _MOST_OPENED
    return _WINDOW if ask.payment or ask.is_late else limit + 1


async def _walk(database: Database, vault: Vault, ask: ListOrders, latest: datetime, most: int) -> Sequence[Record]:
    statuses = _statuses(ask)
    if statuses == []:
        return []
    until = min(ask.until or FOREVER, latest if ask.is_late else FOREVER)
    created_at, last_id = min(read_cursor(ask.after, tuple[datetime, str]) or (FOREVER, ""), (until, ""))
    place = (created_at, last_id, ask.since or LONG_AGO, most, statuses, ask.payment, ask.is_late, latest)
    words = ask.q.strip()
    if not words:
        return await database.fetch(WALKS[_way(ask, statuses)], *place)
    tokens = first_words(vault.asked_tokens(words) if ask.sees_buyers else [])
    skus = sorted({words, words.upper()})
    return await database.fetch(WALKS["found"], *place, words.upper(), *tokens, skus)


def _statuses(ask: ListOrders) -> list[OrderStatus] | None:
    """The statuses that an order may have; None for any."""
    if not (ask.statuses or ask.is_late or ask.payment == "unpaid"):
        return None
    return [
        status
        for status in ask.statuses or get_args(OrderStatus)
        if (not ask.is_late or status in _TO_SHIP) and (ask.payment != "unpaid" or status in _UNPAID)
    ]


def _way(ask: ListOrders, statuses: Sequence[OrderStatus] | None) -> str:
    """The walk that passes over the fewest orders."""
    if ask.payment == "in_doubt":
        return "in_doubt"
    if ask.payment in ("refunded", "partly_refunded"):
        return "refunded"
    return "all" if statuses is None else "statuses"


async def _read(database: Database, vault: Vault, ids: Sequence[str], latest: datetime) -> list[_Found]:
    rows = await database.fetch(READ_SHOWN, ids, latest)
    keys = await vault.unlock(buyers.locked_keys(rows))
    return [_Found(row, buyers.open_buyer(keys, row)) for row in rows]


def _place(row: Record) -> tuple[object, ...]:
    return row["created_at"], row["id"]


def _row(found: _Found, ask: ListOrders) -> OrderRow:
    row, name = found.row, "" if isinstance(found.buyer, Erased) else found.buyer.name
    return OrderRow(
        id=row["id"],
        number=row["number"],
        status=row["status"],
        payment=row["payment"],
        total=Money(amount=row["total"], currency=row["currency"]),
        units=row["units"],
        buyer=name if ask.sees_buyers else initials(name),
        is_late=row["is_late"],
        created_at=row["created_at"],
    )


def initials(name: str) -> str:
    """Shorten a name to its first and last initials: "M. M."."""
    words = name.split()
    return " ".join(f"{word[0].upper()}." for word in (words[:1] + words[1:][-1:]))
