"""The SQL of what customers keep: addresses, consents, orders."""

from collections.abc import Sequence
from typing import Final

from actors.customer.private import AddressBox
from bus.messages.base import OrderId
from bus.messages.customer import CustomerId
from bus.messages.customer_own import (
    MOST_ADDRESSES,
    MOST_CONSENTS,
    Consent,
    CustomerOrders,
    GiveConsent,
    SaveAddress,
    SavedAddress,
)
from engine.sealing import Erased, Place
from engine.transaction import Transaction
from engine.vault import Vault

_TABLE: Final = "customer.addresses"
_ADDRESSES = """
select id, content, is_default, created_at from customer.addresses where customer_id = $1
order by is_default desc, created_at desc, id"""
_NO_DEFAULT = "update customer.addresses set is_default = false where customer_id = $1 and is_default and id <> $2"
# The account is locked by the caller, so that two at once can't be one too many.
_ADD = """
insert into customer.addresses (id, customer_id, content, is_default, created_at)
select $1, $2, $3, $4, $5 where (select count(*) from customer.addresses where customer_id = $2) < $6
on conflict (id) do update set content = excluded.content, is_default = excluded.is_default
where addresses.customer_id = excluded.customer_id returning id"""
_CHANGE = """
update customer.addresses set content = $3, is_default = $4 where customer_id = $2 and id = $1 returning id"""
_REMOVE = "delete from customer.addresses where customer_id = $1 and id = $2 returning id"

_CONSENTS = """
select purpose, is_given, text_version, source, at from customer.consents where customer_id = $1
order by id desc limit $2"""
_CONSENT = """
insert into customer.consents (customer_id, purpose, is_given, text_version, source, at)
values ($1, $2, $3, $4, $5, $6)"""

_ORDERS = """
select order_id, place from customer.orders where customer_id = $1 and ($2::bigint is null or place < $2)
order by place desc limit $3"""
_ATTACH = """
with new as (
    insert into customer.orders (order_id, customer_id, attached_at) values ($1, $2, $3)
    on conflict (order_id) do nothing returning customer_id
)
select customer_id, true as is_new from new
union all select customer_id, false from customer.orders where order_id = $1"""

_ATTACH_ALL = """
insert into customer.orders (order_id, customer_id, attached_at) select unnest($1::text[]), $2, $3
on conflict (order_id) do nothing returning order_id"""


async def addresses(tx: Transaction, vault: Vault, customer_id: CustomerId) -> tuple[SavedAddress, ...]:
    """Return a customer's addresses."""
    keys = await vault.keys(tx, {(customer_id, "account")})
    saved = []
    for row in await tx.fetch(_ADDRESSES, customer_id):
        box = keys.read(AddressBox, row["content"], _place(row["id"]), customer_id, "account")
        if isinstance(box, Erased):
            continue
        saved.append(
            SavedAddress(
                id=row["id"],
                name=box.name,
                phone=box.phone,
                address=box.address,
                is_default=row["is_default"],
                created_at=row["created_at"],
            )
        )
    return tuple(saved)


async def save_address(tx: Transaction, vault: Vault, ask: SaveAddress) -> bool:
    """Store an address; False if there are as many as may be, or it is not there."""
    keys = await vault.keys(tx, {(ask.customer_id, "account")}, creating=True)
    box = AddressBox(name=ask.name, phone=ask.phone, address=ask.address)
    content = keys.seal(box, _place(ask.id), ask.customer_id, "account")
    if ask.is_default:
        await tx.execute(_NO_DEFAULT, ask.customer_id, ask.id)
    if ask.is_new:
        values = (ask.id, ask.customer_id, content, ask.is_default, tx.now, MOST_ADDRESSES)
        return bool(await tx.fetch(_ADD, *values))
    return bool(await tx.fetch(_CHANGE, ask.id, ask.customer_id, content, ask.is_default))


async def remove_address(tx: Transaction, customer_id: CustomerId, address_id: str) -> bool:
    """Remove an address; False if there is none."""
    return bool(await tx.fetch(_REMOVE, customer_id, address_id))


async def consents(tx: Transaction, customer_id: CustomerId) -> tuple[Consent, ...]:
    """Return what a customer has said."""
    return tuple(Consent(**dict(row)) for row in await tx.fetch(_CONSENTS, customer_id, MOST_CONSENTS))


async def add_consent(tx: Transaction, ask: GiveConsent) -> None:
    """Add what a customer says."""
    await tx.execute(_CONSENT, ask.customer_id, ask.purpose, ask.is_given, ask.text_version, ask.source, tx.now)


async def orders(tx: Transaction, customer_id: CustomerId, after: int | None, limit: int) -> CustomerOrders:
    """Return a page of a customer's orders."""
    rows = await tx.fetch(_ORDERS, customer_id, after, limit + 1)
    following = str(rows[limit - 1]["place"]) if len(rows) > limit else None
    return CustomerOrders(orders=tuple(row["order_id"] for row in rows[:limit]), next=following)


async def attach(tx: Transaction, customer_id: CustomerId, order_id: OrderId) -> tuple[CustomerId, bool]:
    """Put an order into an account, if it is nobody's; return whose it is, and whether that is new."""
    rows: Sequence[tuple[CustomerId, bool]] = [
        (row["customer_id"], row["is_new"]) for row in await tx.fetch(_ATTACH, order_id, customer_id, tx.now)
    ]
    return rows[0]


async def attach_all(tx: Transaction, customer_id: CustomerId, orders: Sequence[OrderId]) -> tuple[OrderId, ...]:
    """Put orders into an account that are nobody's; return these."""
    return tuple(row["order_id"] for row in await tx.fetch(_ATTACH_ALL, orders, customer_id, tx.now))


def _place(address_id: str) -> Place:
    return Place(_TABLE, "content", address_id)
