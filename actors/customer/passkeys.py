"""The SQL of passkeys."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from asyncpg import Record

from actors.customer.private import LabelBox
from bus.messages.customer import CustomerId
from bus.messages.customer_own import AddPasskey, KnownPasskey, LogInWithPasskey
from engine.passkeys import MOST_PASSKEYS
from engine.sealing import Erased, Place
from engine.transaction import Transaction
from engine.vault import Vault

_TABLE: Final = "customer.passkeys"
_LIST = """
select * from customer.passkeys where customer_id = $1 or id = $2 order by created_at, id"""
# The account is locked by the caller, so that two at once can't be one too many.
_ADD = """
insert into customer.passkeys
    (id, customer_id, public_key, sign_count, is_backed_up, site_id, label, created_at)
select $1, $2, $3, $4, $5, $6, $7, $8 where (select count(*) from customer.passkeys where customer_id = $2) < $9
on conflict (id) do nothing returning id"""
_REMOVE = "delete from customer.passkeys where customer_id = $1 and id = $2"
_REMOVE_ALL = "delete from customer.passkeys where customer_id = $1"
# A count that does not grow, and is not always 0, is of a copy. Source: WebAuthn Level 3, 6.1.1.
_USE = """
update customer.passkeys set sign_count = $2, is_backed_up = $3, used_at = $4
where id = $1 and (sign_count < $2 or sign_count = 0 and $2 = 0) returning customer_id"""


class _Row(NamedTuple):
    customer_id: CustomerId
    record: Record


async def known(tx: Transaction, vault: Vault, customer_id: CustomerId, passkey_id: str) -> Sequence[KnownPasskey]:
    """Return the passkeys of a customer; or the one of an id."""
    rows = [_Row(row["customer_id"], row) for row in await tx.fetch(_LIST, customer_id, passkey_id)]
    keys = await vault.keys(tx, {(row.customer_id, "account") for row in rows})
    shown = []
    for owner, row in rows:
        label = keys.read(LabelBox, row["label"], Place(_TABLE, "label", row["id"]), owner, "account")
        values = {name: row[name] for name in KnownPasskey.__struct_fields__}
        shown.append(KnownPasskey(**(values | {"label": "" if isinstance(label, Erased) else label.label})))
    return shown


async def add(tx: Transaction, vault: Vault, ask: AddPasskey) -> bool:
    """Add a passkey; False if there are as many as may be, or it is known."""
    keys = await vault.keys(tx, {(ask.customer_id, "account")}, creating=True)
    label = keys.seal(LabelBox(label=ask.label), Place(_TABLE, "label", ask.id), ask.customer_id, "account")
    return bool(
        await tx.fetch(
            _ADD,
            ask.id,
            ask.customer_id,
            ask.public_key,
            ask.sign_count,
            ask.is_backed_up,
            ask.site_id,
            label,
            tx.now,
            MOST_PASSKEYS,
        )
    )


async def remove(tx: Transaction, customer_id: CustomerId, passkey_id: str) -> None:
    """Remove a passkey."""
    await tx.execute(_REMOVE, customer_id, passkey_id)


async def remove_all(tx: Transaction, customer_id: CustomerId) -> None:
    """Remove all passkeys of a customer."""
    await tx.execute(_REMOVE_ALL, customer_id)


async def use(tx: Transaction, ask: LogInWithPasskey) -> CustomerId | None:
    """Note that a passkey was used, and return whose it is; None if it is gone, or seems to be a copy."""
    customer_id: CustomerId | None = await tx.value(_USE, ask.id, ask.sign_count, ask.is_backed_up, tx.now)
    return customer_id
