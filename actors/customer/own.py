"""The turns of what customers keep with the shop: their data, addresses, consents, orders, passkeys, cart."""

import msgspec

from actors.customer import belongings, passkeys, store
from actors.customer.profiles import Profiles
from bus.messages.customer import NoSuchCustomer, Profile
from bus.messages.customer_own import (
    AddPasskey,
    AttachOrder,
    AttachOrders,
    ChangeProfile,
    Consents,
    CustomerOrders,
    CustomerPage,
    GiveConsent,
    KeepCart,
    KnownPasskeys,
    ListAddresses,
    ListConsents,
    ListCustomerOrders,
    ListCustomers,
    ListPasskeys,
    OrderAttached,
    OrdersAttached,
    OrderTaken,
    ReadProfile,
    RemoveAddress,
    RemovePasskey,
    SaveAddress,
    SavedAddresses,
    TooManyAddresses,
    TooManyPasskeys,
)
from engine.actor import turn
from engine.errors import BadInput
from engine.transaction import Transaction
from engine.vault import Vault


class Own:
    """The turns of customers' own requests, once they are let in. A part of `Customers`."""

    _vault: Vault
    _profiles: Profiles

    @turn
    async def read_profile(self, tx: Transaction, ask: ReadProfile) -> Profile | NoSuchCustomer:
        account = await store.by_id(tx, ask.customer_id)
        profile = await self._profiles.shown(tx, account) if account else None
        return profile or NoSuchCustomer(customer_id=ask.customer_id)

    @turn
    async def list_customers(self, tx: Transaction, ask: ListCustomers) -> CustomerPage:
        if ask.q.strip():
            return await self._profiles.find(tx, ask)
        found = await store.page(tx, ask.after, ask.limit + 1)
        shown = await self._profiles.shown_all(tx, found[: ask.limit])
        return CustomerPage(customers=tuple(shown), next=found[ask.limit - 1].id if len(found) > ask.limit else None)

    @turn
    async def change_profile(self, tx: Transaction, ask: ChangeProfile) -> Profile | NoSuchCustomer:
        account = await store.lock(tx, ask.customer_id)
        box = await self._profiles.of(tx, account) if account else None
        if account is None or box is None:
            return NoSuchCustomer(customer_id=ask.customer_id)
        asked = {"name": ask.name, "phone": ask.phone, "locale": ask.locale}
        changed = msgspec.structs.replace(box, **{name: value for name, value in asked.items() if value is not None})
        sealed = await self._profiles.seal(tx, account.id, changed)
        await store.set_profile(tx, account.id, sealed)
        shown = await self._profiles.shown(tx, account._replace(profile=sealed.box))
        return shown or NoSuchCustomer(customer_id=ask.customer_id)

    @turn
    async def keep_cart(self, tx: Transaction, ask: KeepCart) -> None:
        await store.keep_cart(tx, ask.customer_id, ask.cart_id)

    @turn
    async def list_addresses(self, tx: Transaction, ask: ListAddresses) -> SavedAddresses:
        return SavedAddresses(addresses=await belongings.addresses(tx, self._vault, ask.customer_id))

    @turn
    async def save_address(
        self, tx: Transaction, ask: SaveAddress
    ) -> SavedAddresses | TooManyAddresses | NoSuchCustomer:
        if await store.lock(tx, ask.customer_id) is None:
            return NoSuchCustomer(customer_id=ask.customer_id)
        if not await belongings.save_address(tx, self._vault, ask):
            return TooManyAddresses() if ask.is_new else NoSuchCustomer(customer_id=ask.customer_id)
        return SavedAddresses(addresses=await belongings.addresses(tx, self._vault, ask.customer_id))

    @turn
    async def remove_address(self, tx: Transaction, ask: RemoveAddress) -> SavedAddresses | NoSuchCustomer:
        if not await belongings.remove_address(tx, ask.customer_id, ask.id):
            return NoSuchCustomer(customer_id=ask.customer_id)
        return SavedAddresses(addresses=await belongings.addresses(tx, self._vault, ask.customer_id))

    @turn
    async def list_consents(self, tx: Transaction, ask: ListConsents) -> Consents:
        return Consents(consents=await belongings.consents(tx, ask.customer_id))

    @turn
    async def give_consent(self, tx: Transaction, ask: GiveConsent) -> Consents | NoSuchCustomer:
        if await store.lock(tx, ask.customer_id) is None:
            return NoSuchCustomer(customer_id=ask.customer_id)
        await belongings.add_consent(tx, ask)
        return Consents(consents=await belongings.consents(tx, ask.customer_id))

    @turn
    async def list_orders(self, tx: Transaction, ask: ListCustomerOrders) -> CustomerOrders:
        if ask.after and not ask.after.isdecimal():
            raise BadInput("cursor: it is none of this list's")
        after = int(ask.after) if ask.after else None
        return await belongings.orders(tx, ask.customer_id, after, ask.limit)

    @turn
    async def attach_order(self, tx: Transaction, ask: AttachOrder) -> OrderAttached | OrderTaken | NoSuchCustomer:
        account = await store.lock(tx, ask.customer_id)
        if account is None:
            return NoSuchCustomer(customer_id=ask.customer_id)
        if ask.email_index is not None and ask.email_index != account.email_index:
            return OrderTaken()
        owner, is_new = await belongings.attach(tx, ask.customer_id, ask.order_id)
        return OrderAttached(is_new=is_new) if owner == ask.customer_id else OrderTaken()

    @turn
    async def attach_orders(self, tx: Transaction, ask: AttachOrders) -> OrdersAttached | NoSuchCustomer:
        account = await store.lock(tx, ask.customer_id)
        if account is None:
            return NoSuchCustomer(customer_id=ask.customer_id)
        if ask.email_index != account.email_index:
            return OrdersAttached(orders=())
        return OrdersAttached(orders=await belongings.attach_all(tx, ask.customer_id, ask.orders))

    @turn
    async def list_passkeys(self, tx: Transaction, ask: ListPasskeys) -> KnownPasskeys:
        return KnownPasskeys(passkeys=tuple(await passkeys.known(tx, self._vault, ask.customer_id, ask.id)))

    @turn
    async def add_passkey(self, tx: Transaction, ask: AddPasskey) -> KnownPasskeys | TooManyPasskeys | NoSuchCustomer:
        if await store.lock(tx, ask.customer_id) is None:
            return NoSuchCustomer(customer_id=ask.customer_id)
        if not await passkeys.add(tx, self._vault, ask):
            return TooManyPasskeys()
        return KnownPasskeys(passkeys=tuple(await passkeys.known(tx, self._vault, ask.customer_id, "")))

    @turn
    async def remove_passkey(self, tx: Transaction, ask: RemovePasskey) -> KnownPasskeys:
        await passkeys.remove(tx, ask.customer_id, ask.id)
        return KnownPasskeys(passkeys=tuple(await passkeys.known(tx, self._vault, ask.customer_id, "")))
