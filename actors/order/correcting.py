"""Corrections of an order's buyer: decided, and sealed as the order was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from actors.order import buyers
from actors.order.buyers import Contact
from bus.messages.base import OrderId
from bus.messages.order import BuyerCorrected, NoSuchOrder, OrderStatus
from bus.messages.order_desk import CORRECTABLE, CorrectBuyer, NotCorrectable, OtherCountry
from engine.sealing import Erased
from engine.transaction import Transaction
from engine.vault import Vault

_FIELDS: Final = ("email", "name", "phone", "address")
_LOCK: Final = buyers.with_locked_keys("""
select id, status, country, email, name, phone, address, contact, invoice, ACCOUNT_KEY as account_key,
    INVOICE_KEY as invoice_key from orders.orders o where id = any($1) order by id for no key update of o""")
_WRITE: Final = """
with corrected as (
    update orders.orders o set email = null, name = null, phone = null, address = null, contact = n.contact,
        invoice = n.invoice, country = n.country, email_index = n.email_index, tokens = n.tokens::bigint[]
    from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::text[])
        as n (id, contact, invoice, country, email_index, tokens)
    where o.id = n.id
)
insert into orders.timeline (order_id, at, event, detail, staff_only)
select order_id, $9, 'BuyerCorrected', detail, true from unnest($7::text[], $8::text[]) as t (order_id, detail)"""


def corrected(buyer: Contact, ask: CorrectBuyer) -> Contact:
    """Return the buyer as it is right."""
    return Contact(
        email=buyer.email if ask.email is None else ask.email,
        name=buyer.name if ask.name is None else ask.name,
        phone=buyer.phone if ask.phone is None else ask.phone,
        address=buyer.address if ask.address is None else ask.address,
    )


def changes(before: Contact, after: Contact) -> tuple[str, ...]:
    """Name the fields that differ."""
    return tuple(field for field in _FIELDS if getattr(before, field) != getattr(after, field))


def refusal(status: OrderStatus, buyer: Contact | Erased, ask: CorrectBuyer) -> NotCorrectable | OtherCountry | None:
    """Return why a correction is refused; None if it is not."""
    if status not in CORRECTABLE or isinstance(buyer, Erased):
        return NotCorrectable(order_id=ask.order_id, status=status)
    if ask.address is not None and ask.address.country != buyer.address.country:
        return OtherCountry(country=buyer.address.country)
    return None


@dataclass(slots=True)
class _Correction:
    """An order as it was locked, with what a turn corrects."""

    status: OrderStatus
    buyer: Contact | Erased
    notes: list[str] = field(default_factory=list)  # For the timeline.

    def take(self, ask: CorrectBuyer) -> tuple[str, ...] | NotCorrectable | OtherCountry:
        """Correct the buyer; return the fields that were changed."""
        refused = refusal(self.status, self.buyer, ask)
        if refused or isinstance(self.buyer, Erased):
            return refused or ()
        before, self.buyer = self.buyer, corrected(self.buyer, ask)
        fields = changes(before, self.buyer)
        if fields:
            self.notes.append(f"{', '.join(fields)} by {ask.by or 'nobody'}")
        return fields


async def correct(
    tx: Transaction, vault: Vault, asks: Sequence[CorrectBuyer]
) -> list[NotCorrectable | OtherCountry | NoSuchOrder | None]:
    """Correct buyers, one ask after the other; return the refusal of each, or None: all is right now."""
    rows = await tx.fetch(_LOCK, list({ask.order_id for ask in asks}))
    keys = await vault.unlock(buyers.locked_keys(rows))
    locked = {row["id"]: _Correction(row["status"], buyers.open_buyer(keys, row)) for row in rows}
    answers: list[NotCorrectable | OtherCountry | NoSuchOrder | None] = []
    for ask in asks:
        if ask.order_id not in locked:
            answers.append(NoSuchOrder(order_id=ask.order_id))
            continue
        made = locked[ask.order_id].take(ask)
        answers.append(None if isinstance(made, tuple) else made)
        if isinstance(made, tuple) and made:
            tx.publish(BuyerCorrected(order_id=ask.order_id, fields=made))
    await _write(tx, vault, {order_id: each for order_id, each in locked.items() if each.notes})
    return answers


async def _write(tx: Transaction, vault: Vault, corrections: Mapping[OrderId, _Correction]) -> None:
    if not corrections:
        return
    ids = list(corrections)
    keys = await vault.keys(tx, buyers.owners_of(ids), creating=True)  # An order of before may have none yet.
    found = [each.buyer for each in corrections.values() if not isinstance(each.buyer, Erased)]
    sealed = buyers.seal_all(vault, keys, ids, found)
    told = [(order_id, note) for order_id, each in corrections.items() for note in each.notes]
    await tx.execute(
        _WRITE, ids, sealed.contacts, sealed.invoices, sealed.countries, sealed.email_indexes, sealed.tokens,
        [order_id for order_id, _ in told], [note for _, note in told], tx.now,
    )  # fmt: skip
