"""Personal data of buyers in orders: declared, shown, and forgotten."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from asyncpg import Record

from actors.order import buyers, store
from bus.messages.base import Address, OrderId
from bus.messages.order import Order, OrderStatus
from bus.messages.privacy import (
    AT_ONCE,
    FindOrder,
    ForgetOrders,
    FoundOrder,
    NoSuchPerson,
    OrderRecord,
    OrdersForgotten,
    PersonalData,
    ReadPersonalOrders,
    TimelineEntry,
)
from bus.messages.shipping import report_place
from engine.actor import turn
from engine.errors import BadInput
from engine.legal_holds import holds_on
from engine.persons import PersonalColumns
from engine.sealing import Erased, OpenKeys
from engine.transaction import Transaction
from engine.vault import Vault

KEEPS: Final = (
    PersonalColumns("orders.orders", ("contact",), "forgotten", "How to reach the buyer.", "account", "OrderRecord"),
    PersonalColumns(
        "orders.orders", ("invoice",), "kept", "To whom it was sold: tax law asks for it.", "invoice", "OrderRecord"
    ),
    PersonalColumns("orders.orders", ("email_index", "tokens"), "forgotten", "By which staff find an order."),
    PersonalColumns(
        "orders.orders", ("email", "name", "phone", "address"), "forgotten", "Empty but before it is sealed."
    ),
    PersonalColumns(
        "orders.orders", ("country", "cart_id"), "counted", "Sums by country; the cart is gone.", shown="OrderRecord"
    ),
    PersonalColumns("orders.contained", ("order_id",), "counted", "Which orders have a SKU."),
    PersonalColumns("orders.lines", ("order_id",), "counted", "What was sold, at which price.", shown="OrderRecord"),
    PersonalColumns(
        "orders.lines", ("inputs",), "forgotten", "What the buyer told, such as an engraving.", shown="OrderRecord"
    ),
    PersonalColumns(
        "orders.timeline", ("order_id", "detail"), "counted", "What happened, in our words.", shown="OrderRecord"
    ),
    PersonalColumns("orders.timeline", ("sealed",), "forgotten", "What a carrier wrote.", "account", "OrderRecord"),
    PersonalColumns("orders.notes", ("sealed",), "forgotten", "What staff noted about it.", "activity"),
    PersonalColumns("orders.notes", ("order_id",), "forgotten", "The notes are deleted."),
)

_BOXES = buyers.with_locked_keys("""
select o.id, o.contact, o.invoice, o.email, o.name, o.phone, o.address, ACCOUNT_KEY as account_key,
    INVOICE_KEY as invoice_key,
    array(select t.sealed from orders.timeline t where t.order_id = o.id and t.sealed is not null) as texts
from orders.orders o where o.id = any($1) order by o.created_at, o.id""")
_LOCK = """
select id, status, created_at, email is not null as is_clear, refund_requested and refunded < total as is_owed
from orders.orders where id = any($1) order by id for update"""
# The boxes go with their keys. Of what was told with a line the question stays, and the answer goes.
_FORGET = """
with gone as (
    update orders.orders set contact = '', email_index = null, tokens = '{}' where id = any($1) returning id
), texts as (
    update orders.timeline set sealed = null where order_id in (select id from gone) and sealed is not null
), notes as (
    delete from orders.notes where order_id in (select id from gone)
)
update orders.lines set inputs = (
    select jsonb_agg(case when i ->> 'kind' = 'choice' then i else i || '{"value": ""}' end)
    from jsonb_array_elements(inputs) i)
where order_id in (select id from gone) and inputs <> '[]'"""
_ANSWERS_KEPT: Final = timedelta(hours=48)  # The checkout's answer may be given again for so long.
_FIND = "select id from orders.orders where number = $1 or id = $1"


def may_forget(status: OrderStatus, placed_at: datetime, *, is_owed: bool, now: datetime) -> bool:
    """Whether nobody needs an order's buyer any more: it has ended, and no money is on its way back."""
    return status in ("delivered", "cancelled") and not is_owed and now - placed_at >= _ANSWERS_KEPT


class PersonalOrders:
    """The turns of orders that show and forget buyers."""

    _vault: Vault

    @turn
    async def personal(self, tx: Transaction, ask: ReadPersonalOrders) -> PersonalData:
        ids = _bounded(ask.order_ids)
        rows = await tx.fetch(_BOXES, ids)
        keys = await self._vault.unlock(buyers.locked_keys(rows))
        orders = await store.read(tx, self._vault, ids)
        found = [_Found(keys, row) for row in rows]
        return PersonalData(
            records=tuple(each.record(orders[each.id]) for each in found if each.id in orders),
            opened=sum(each.opened for each in found),
            invoices=sum(not isinstance(each.party, Erased) for each in found),
            gone=sum(each.gone for each in found),
        )

    @turn
    async def forget(self, tx: Transaction, ask: ForgetOrders) -> OrdersForgotten:
        rows = await tx.fetch(_LOCK, _bounded(ask.order_ids))
        held = await holds_on(tx, [row["id"] for row in rows])
        ready = [
            row["id"]
            for row in rows
            if row["id"] not in held
            and not row["is_clear"]  # It is just being sealed.
            and may_forget(row["status"], row["created_at"], is_owed=row["is_owed"], now=tx.now)
        ]
        await tx.execute(_FORGET, ready)
        await self._vault.forget(tx, [(order_id, purpose) for order_id in ready for purpose in ("account", "activity")])
        return OrdersForgotten(
            forgotten=len(ready), waiting=tuple(row["id"] for row in rows if row["id"] not in set(ready))
        )

    @turn
    async def find_by_number(self, tx: Transaction, ask: FindOrder) -> FoundOrder | NoSuchPerson:
        order_id = await tx.value(_FIND, ask.number)
        return FoundOrder(order_id=order_id) if order_id else NoSuchPerson(subject=ask.number)


class _Found:
    """An order's buyer, as far as their keys are there."""

    def __init__(self, keys: OpenKeys, row: Record) -> None:
        self.id: OrderId = row["id"]
        self.contact, self.party = buyers.both(keys, row)
        texts = [keys.read(str, box, report_place(self.id), self.id, buyers.ACCOUNT) for box in row["texts"]]
        boxes = [self.contact, *texts]
        self.opened = sum(not isinstance(box, Erased) for box in boxes)
        self.gone = len(boxes) - self.opened

    def record(self, order: Order) -> OrderRecord:
        """Show it to its buyer."""
        contact = None if isinstance(self.contact, Erased) else self.contact
        party = None if isinstance(self.party, Erased) else self.party
        address: Address | None = contact.address if contact else None
        return OrderRecord(
            order_id=order.id,
            number=order.number,
            status=order.status,
            placed_at=order.created_at,
            email=contact.email if contact else "",
            name=contact.name if contact else "",
            phone=contact.phone if contact else "",
            address=address,
            invoice_name=party.name if party else "",
            invoice_address=party.address if party else None,
            lines=order.lines,
            subtotal=order.subtotal,
            discount=order.discount,
            shipping=order.shipping,
            fees=order.fees,
            tax=order.tax,
            total=order.total,
            refunded=order.refunded,
            timeline=tuple(
                TimelineEntry(at=moment.at, event=moment.event, detail=moment.detail)
                for moment in order.timeline
                if not moment.staff_only
            ),
        )


def _bounded(ids: Sequence[OrderId]) -> list[OrderId]:
    if len(ids) > AT_ONCE:
        raise BadInput(f"at most {AT_ONCE} orders")
    return list(ids)
