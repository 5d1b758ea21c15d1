"""The SQL of orders."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec
from asyncpg import Record
from msgspec import structs

from actors.order import buyers, rules
from bus.messages.audit import Finding
from bus.messages.base import Address, LineInput, LinePart, LineUnits, Money, OrderId, OrderLine, Sums, Units, units_of
from bus.messages.order import (
    BoughtOrder,
    KnownOrder,
    ListBoughtOrders,
    ListOwedOrders,
    Moment,
    Order,
    OrderFact,
    OwedOrder,
    PlaceOrder,
    ReadOrderFacts,
    ReadSold,
    SoldUnits,
)
from bus.messages.shipping import report_place
from engine.errors import BadInput
from engine.postgres import Database
from engine.sealing import Erased, OpenKeys
from engine.transaction import Transaction
from engine.vault import Vault, store_keys

# One statement writes all of a new order. Of two orders with one id the first stands, whole.
_PLACE = """
with placed as (
    insert into orders.orders (id, cart_id, status, contact, invoice, country, shipping_method, currency, subtotal,
        discount, shipping, fees, tax, prices_include_tax, total, weight_g, email_index, tokens, created_at, pay_until)
    select id, cart_id, status, contact, invoice, country, shipping_method, currency, subtotal, discount, shipping,
        fees, tax, prices_include_tax, total, weight_g, email_index, tokens::bigint[], $17, $24
    from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::text[], $8::text[],
        $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::boolean[], $15::bigint[],
        $16::bigint[], $25::bytea[], $28::text[])
        as o (id, cart_id, status, contact, invoice, country, shipping_method, currency, subtotal, discount, shipping,
            fees, tax, prices_include_tax, total, weight_g, email_index, tokens)
    on conflict (id) do nothing
    returning id, number, status
), with_keys as (KEYS_OF_PLACED
), with_lines as (
    insert into orders.lines (order_id, place, sku, title, quantity, unit_price, parts, inputs)
    select order_id, place, sku, title, quantity, unit_price, parts::jsonb, inputs::jsonb
    from unnest($18::text[], $19::int[], $20::text[], $21::text[], $22::int[], $23::bigint[], $26::text[], $27::text[])
        as l (order_id, place, sku, title, quantity, unit_price, parts, inputs)
    join placed on placed.id = order_id
), with_skus as (
    insert into orders.contained (sku, created_at, order_id)
    select distinct s.sku, $17::timestamptz, order_id
    from unnest($18::text[], $20::text[], $26::text[]) as l (order_id, of_line, parts)
    join placed on placed.id = order_id cross join lateral (
        select of_line union all select part ->> 'sku' from jsonb_array_elements(parts::jsonb) part) s (sku)
), begun as (
    insert into orders.timeline (order_id, at, event, detail)
    select id, $17, event, '' from placed, unnest(
        case status when 'paid' then array['OrderCreated', 'OrderSettled'] else array['OrderCreated'] end
    ) with ordinality as e (event, nr) order by nr
)
select id, number from placed""".replace("KEYS_OF_PLACED", store_keys(29, "placed"))

# In the order of their ids, so that two turns never deadlock.
_LOCK = """
select id, number, status, cancel_reason, currency, total, refunded, carrier, tracking_number,
    refund_requested, declines, pay_until
from orders.orders where id = any($1) order by id for update"""
# One round trip for all changes of a turn.
_SAVE = """
with changed as (
    update orders.orders o set status = n.status, cancel_reason = n.cancel_reason, refunded = n.refunded,
        carrier = n.carrier, tracking_number = n.tracking_number, refund_requested = n.refund_requested,
        pay_until = n.pay_until, declines = n.declines
    from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::boolean[],
        $8::timestamptz[], $14::int[])
        as n (id, status, cancel_reason, refunded, carrier, tracking_number, refund_requested, pay_until, declines)
    where o.id = n.id
)
insert into orders.timeline (order_id, at, event, detail, staff_only, sealed)
select order_id, $9, event, detail, staff_only, sealed
from unnest($10::text[], $11::text[], $12::text[], $13::boolean[], $15::bytea[]) with ordinality
    as t (order_id, event, detail, staff_only, sealed, place)
order by place"""

_READ = """
select id, number, status, email, name, phone, address, shipping_method, currency, subtotal, discount, shipping, fees,
    tax, prices_include_tax, total, refunded, weight_g, carrier, tracking_number, created_at, pay_until,
    refund_requested, contact, invoice, country, ACCOUNT_KEY as account_key, INVOICE_KEY as invoice_key,
    (select json_agg(json_build_array(sku, title, quantity, unit_price, parts, inputs) order by place)
        from orders.lines where order_id = o.id) as lines,
    (select json_agg(json_build_array(at, event, detail, staff_only, BOX) order by t.id)
        from orders.timeline t where order_id = o.id) as timeline
from orders.orders o where id = any($1)"""
# PostgreSQL breaks its lines after 76 letters.
_READ = buyers.with_locked_keys(_READ).replace("BOX", "replace(encode(sealed, 'base64'), chr(10), '')")
_UNITS = "select order_id, sku, quantity, parts from orders.lines where order_id = any($1) order by place"
_FACTS = """
select o.id, o.status, o.currency, o.total, o.refunded, o.tracking_number, l.lines
from (select * from orders.orders where id > $1 and id <= coalesce($2, (select max(id) from orders.orders))
    order by id limit $3) o
left join lateral (
    select json_agg(json_build_object('sku', sku, 'quantity', quantity, 'parts', parts) order by place) as lines
    from orders.lines where order_id = o.id) l on true
order by o.id"""
_FIND = "select id, status, currency, total from orders.orders where id = any($1)"
_BOUGHT = """
select id, created_at from orders.orders where email_index = decode($1, 'hex') and id > $2 order by id limit $3"""
_OWED = """
select id as order_id, since from (
    select o.id, coalesce((select max(t.at) from orders.timeline t
        where t.order_id = o.id and t.event = 'OrderCancelled'), o.created_at) as since
    from orders.orders o where o.refund_requested and o.refunded < o.total and o.status = 'cancelled') owed
where (since, id) > ($1, $2) order by since, id limit $3"""
_AUDIT = """
select o.id, o.currency, o.subtotal, o.discount, o.shipping, o.fees, o.tax, o.prices_include_tax, o.total,
    o.status, o.refunded, coalesce(l.total, 0)::bigint as of_lines,
    o.contact, o.invoice, ACCOUNT_KEY as account_key, INVOICE_KEY as invoice_key
from (select * from orders.orders where id > $1 order by id limit $2) o
left join lateral (select sum(quantity * unit_price) as total from orders.lines where order_id = o.id) l on true
order by o.id"""
_AUDIT = buyers.with_locked_keys(_AUDIT)
_SOLD = """
select (o.created_at at time zone 'UTC')::date as day, l.sku, sum(l.quantity)::bigint as units
from orders.orders o join orders.lines l on l.order_id = o.id
where o.created_at >= $1 and o.created_at < $2
    and o.status in ('paid', 'picking', 'packed', 'shipped', 'in_transit', 'delivered')
group by 1, 2 having ((o.created_at at time zone 'UTC')::date, l.sku) > ($3, $4)
order by 1, 2 limit 2000"""
_AUDIT_PAGE = 500  # Small pages: deciding about one blocks the event loop for a few ms at most.


async def place(tx: Transaction, vault: Vault, asks: Sequence[PlaceOrder], pay_until: datetime) -> list[Order]:
    """Store orders; return the new ones. Of two with one id the first stands.

    Raises:
        BadInput: A message of an older version, which left the sums to this actor.
    """
    asks = list({ask.order_id: ask for ask in reversed(asks)}.values())
    sums = [_quoted(ask) for ask in asks]
    lines = [(ask.order_id, place, line) for ask in asks for place, line in enumerate(ask.lines)]
    ids = [ask.order_id for ask in asks]
    keys = buyers.new_keys(vault, ids)
    sealed = buyers.seal_all(vault, keys.keys, ids, [buyers.buyer_of(ask) for ask in asks])
    rows = await tx.fetch(
        _PLACE,
        ids, [a.cart_id for a in asks], [rules.begins_as(s.total) for s in sums],
        sealed.contacts, sealed.invoices, sealed.countries,
        [a.shipping_method for a in asks], [s.currency for s in sums], [s.subtotal for s in sums],
        [s.discount for s in sums], [s.shipping for s in sums], [s.fees for s in sums], [s.tax for s in sums],
        [s.prices_include_tax for s in sums], [s.total for s in sums], [a.weight_g for a in asks],
        tx.now,
        [order_id for order_id, _, _ in lines], [place for _, place, _ in lines],
        [line.sku for _, _, line in lines], [line.title for _, _, line in lines],
        [line.quantity for _, _, line in lines], [line.unit_price.amount for _, _, line in lines],
        pay_until, sealed.email_indexes, [_json(line.parts) for _, _, line in lines],
        [_json(line.inputs) for _, _, line in lines], sealed.tokens,
        *keys.parameters(buyers.keys_end(tx.now)),
    )  # fmt: skip
    asked = {ask.order_id: (ask, s) for ask, s in zip(asks, sums, strict=True)}
    return [rules.new_order(*asked[row["id"]], row["number"], tx.now, pay_until) for row in rows]


def _quoted(ask: PlaceOrder) -> Sums:
    if ask.sums is None:
        raise BadInput("the shop was changed in this very moment; check out again")
    return ask.sums


async def lock(tx: Transaction, ids: Collection[OrderId]) -> dict[OrderId, rules.OrderState]:
    """Lock orders; unknown ones are missing."""
    found = await tx.fetch(_LOCK, list(ids))
    lines: dict[OrderId, list[LineUnits]] = {row["id"]: [] for row in found}
    if any(row["status"] == "cancelled" for row in found):  # Only late money needs the lines.
        for row in await tx.fetch(_UNITS, list(lines)):
            parts = _PARTS.decode(row["parts"])
            lines[row["order_id"]].append(LineUnits(sku=row["sku"], quantity=row["quantity"], parts=parts))
    return {row["id"]: rules.OrderState(**dict(row), units=_units(lines[row["id"]])) for row in found}


async def save(tx: Transaction, orders: Collection[rules.OrderState]) -> None:
    """Write the changes of locked orders, and publish their events."""
    changed = [order for order in orders if order.changed]
    entries = [(o.id, *entry, o.boxes.get(place)) for o in orders for place, entry in enumerate(o.entries)]
    if changed or entries:
        await tx.execute(
            _SAVE,
            [o.id for o in changed], [o.status for o in changed], [o.cancel_reason for o in changed],
            [o.refunded for o in changed], [o.carrier for o in changed], [o.tracking_number for o in changed],
            [o.refund_requested for o in changed], [o.pay_until for o in changed],
            tx.now,
            [order_id for order_id, *_ in entries], [event for _, event, *_ in entries],
            [detail for *_, detail, _, _ in entries], [staff_only for *_, staff_only, _ in entries],
            [o.declines for o in changed], [sealed for *_, sealed in entries],
        )  # fmt: skip
    for order in orders:
        tx.publish(*order.events)


async def read(reader: Transaction | Database, vault: Vault, ids: Collection[OrderId]) -> dict[OrderId, Order]:
    """Orders with lines and timeline, by id."""
    rows = await reader.fetch(_READ, list(ids))
    keys = await vault.unlock(buyers.locked_keys(rows))
    return {row["id"]: _order(row, keys) for row in rows}


async def audit(database: Database, vault: Vault) -> tuple[list[Finding], int]:
    """Audit the sums and boxes of all orders; return the findings, and how many orders were checked."""
    findings: list[Finding] = []
    checked, last = 0, ""
    while rows := await database.fetch(_AUDIT, last, _AUDIT_PAGE):
        for row in rows:
            sums = Sums(**{part: row[part] for part in Sums.__struct_fields__})
            findings += rules.audit(row["id"], sums, row["of_lines"], row["status"], row["refunded"])
        keys = await vault.unlock(buyers.locked_keys(rows))
        findings += [finding for row in rows for finding in buyers.audit(keys, row)]
        checked, last = checked + len(rows), rows[-1]["id"]
    return findings, checked


async def facts(database: Database, ask: ReadOrderFacts) -> list[OrderFact]:
    """Facts of a span of orders for the audit, in the order of ids."""
    return [
        OrderFact(
            id=row["id"],
            status=row["status"],
            total=Money(amount=row["total"], currency=row["currency"]),
            refunded=row["refunded"],
            tracking_number=row["tracking_number"],
            units=_units(_STORED_LINES.decode(row["lines"])) if row["lines"] else (),
        )
        for row in await database.fetch(_FACTS, ask.after, ask.until, ask.limit)
    ]


async def find(database: Database, ids: Collection[OrderId]) -> list[KnownOrder]:
    """The existing orders among these."""
    return [
        KnownOrder(id=row["id"], status=row["status"], total=Money(amount=row["total"], currency=row["currency"]))
        for row in await database.fetch(_FIND, list(ids))
    ]


async def bought(database: Database, ask: ListBoughtOrders) -> list[BoughtOrder]:
    """The orders that were bought with an address."""
    return [BoughtOrder(**dict(row)) for row in await database.fetch(_BOUGHT, ask.email_index, ask.after, ask.limit)]


async def owed(database: Database, ask: ListOwedOrders) -> list[OwedOrder]:
    """Cancelled orders whose refund is requested and not complete."""
    return [OwedOrder(**dict(row)) for row in await database.fetch(_OWED, ask.since, ask.after, ask.limit)]


_PARTS = msgspec.json.Decoder(tuple[Units, ...])
_STORED_LINES = msgspec.json.Decoder(tuple[LineUnits, ...])
_LINES = msgspec.json.Decoder(tuple[tuple[str, str, int, int, tuple[LinePart, ...], tuple[LineInput, ...]], ...])
_TIMELINE = msgspec.json.Decoder(tuple[tuple[datetime, str, str, bool, bytes | None], ...])
_FORGOTTEN = buyers.Contact("", "", "", Address(line1="", city="", country=""))


def _order(row: Record, keys: OpenKeys) -> Order:
    found = buyers.open_buyer(keys, row)
    buyer = _FORGOTTEN if isinstance(found, Erased) else found

    def money(amount: int) -> Money:
        return Money(amount=amount, currency=row["currency"])

    return Order(
        id=row["id"],
        number=row["number"],
        status=row["status"],
        email=buyer.email,
        name=buyer.name,
        phone=buyer.phone,
        address=structs.replace(buyer.address, country=buyer.address.country or row["country"]),
        shipping_method=row["shipping_method"],
        lines=tuple(
            OrderLine(sku=sku, title=title, quantity=quantity, unit_price=money(price), parts=parts, inputs=told)
            for sku, title, quantity, price, parts, told in _LINES.decode(row["lines"])
        ),
        subtotal=money(row["subtotal"]),
        discount=money(row["discount"]),
        shipping=money(row["shipping"]),
        fees=money(row["fees"]),
        tax=money(row["tax"]),
        prices_include_tax=row["prices_include_tax"],
        total=money(row["total"]),
        refunded=money(row["refunded"]),
        weight_g=row["weight_g"],
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        created_at=row["created_at"],
        timeline=tuple(
            Moment(
                at=at.astimezone(UTC),
                event=event,
                detail=_with_text(detail, keys, row["id"], box) if box else detail,
                staff_only=staff_only,
            )
            for at, event, detail, staff_only, box in _TIMELINE.decode(row["timeline"])
        ),
        refund_follows=row["refund_requested"],
        pay_until=row["pay_until"] if row["status"] == "pending_payment" else None,
    )


def _with_text(status: str, keys: OpenKeys, order_id: OrderId, box: bytes) -> str:
    """Write what a carrier reported; without its free text, once that is forgotten."""
    text = keys.read(str, box, report_place(order_id), order_id, "account")
    return status if isinstance(text, Erased) else f"{status}: {text}"


async def sold(database: Database, ask: ReadSold) -> list[SoldUnits]:
    """Count the units that were sold, by day and SKU, a page of them."""
    first = datetime.combine(ask.first, time(), UTC)
    end = datetime.combine(ask.last + timedelta(days=1), time(), UTC)
    rows = await database.fetch(_SOLD, first, end, ask.after_day or date.min, ask.after_sku)
    return [SoldUnits(**dict(row)) for row in rows]


def _units(lines: Sequence[LineUnits]) -> tuple[Units, ...]:
    return tuple(Units(sku=sku, quantity=quantity) for sku, quantity in units_of(lines).items())


def _json(values: Sequence[LinePart | LineInput]) -> str:
    return msgspec.json.encode(values).decode()
