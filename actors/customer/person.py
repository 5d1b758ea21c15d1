"""Personal data of accounts: declared, shown, and forgotten."""

from datetime import timedelta
from typing import Final

import msgspec

from actors.customer import belongings, passkeys, store
from actors.customer.private import AnnounceEnd, FinishClosing
from actors.customer.profiles import Profiles
from bus.messages.base import new_id
from bus.messages.customer import CustomerErased, CustomerId, NoSuchCustomer, SendAccountMail, SessionsEnded
from bus.messages.privacy import (
    AccountRecord,
    AddressRecord,
    AnyRecord,
    ConsentRecord,
    EraseCustomer,
    ErasureBegun,
    ErasureReason,
    PasskeyRecord,
    PersonalData,
    PersonHeld,
    ReadPersonalAccount,
)
from engine.actor import turn
from engine.crash import CrashPoint
from engine.legal_holds import holds_on
from engine.persons import PersonalColumns
from engine.transaction import Transaction
from engine.vault import Vault

KEEPS: Final = (
    PersonalColumns(
        "customer.customers", ("profile",), "forgotten", "Address, name, phone.", "account", "AccountRecord"
    ),
    PersonalColumns(
        "customer.customers", ("email_index", "tokens"), "forgotten", "By which an account is found, and staff find it."
    ),
    PersonalColumns("customer.customers", ("cart_id",), "forgotten", "The cart to go on with."),
    PersonalColumns("customer.codes", ("email_index", "subject", "sealed"), "forgotten", "Codes in mails.", "account"),
    PersonalColumns(
        "customer.addresses", ("customer_id", "content"), "forgotten", "Addresses.", "account", "AddressRecord"
    ),
    PersonalColumns("customer.passkeys", ("customer_id", "public_key"), "forgotten", "What proves a passkey."),
    PersonalColumns("customer.passkeys", ("label",), "forgotten", "Its name.", "account", "PasskeyRecord"),
    PersonalColumns("customer.consents", ("customer_id",), "counted", "That somebody agreed.", shown="ConsentRecord"),
    PersonalColumns(
        "customer.orders", ("order_id", "customer_id"), "counted", "Orders of one buyer.", shown="OrderRecord"
    ),
)

_CLOSING = CrashPoint("customer-closing", "An account is due to be closed for good; nothing is forgotten yet.")
_LOOK_AGAIN: Final = timedelta(days=1)  # At a hold: it may be released before its end.


class PersonalAccounts:
    """The turns of accounts that show and forget their persons."""

    _vault: Vault
    _profiles: Profiles

    @turn
    async def personal(self, tx: Transaction, ask: ReadPersonalAccount) -> PersonalData:
        account = await store.lock(tx, ask.customer_id)  # Else what is forgotten meanwhile would be told by half.
        if account is None:
            return PersonalData(records=(), gone=1)
        records: list[AnyRecord] = []
        if profile := await self._profiles.shown(tx, account):
            records.append(AccountRecord(**{name: getattr(profile, name) for name in AccountRecord.__struct_fields__}))
        addresses = await belongings.addresses(tx, self._vault, account.id)
        records += [
            AddressRecord(**{name: getattr(each, name) for name in AddressRecord.__struct_fields__})
            for each in addresses
        ]
        labels = await passkeys.known(tx, self._vault, account.id, "")
        records += [
            PasskeyRecord(label=each.label, created_at=each.created_at, used_at=each.used_at) for each in labels
        ]
        consents = await belongings.consents(tx, account.id)
        records += [ConsentRecord(**msgspec.structs.asdict(each)) for each in consents]
        return PersonalData(records=tuple(records), opened=len(records) - len(consents))

    @turn
    async def announce_end(self, tx: Transaction, timer: AnnounceEnd) -> None:
        account = await store.by_id(tx, timer.customer_id)
        is_held = timer.customer_id in await holds_on(tx, [timer.customer_id])
        if account is not None and account.closes_at == timer.closes_at and not is_held:
            tx.send(SendAccountMail(mail_id=new_id("ml"), kind="ending", customer_id=account.id))

    @turn
    async def finish_closing(self, tx: Transaction, timer: FinishClosing) -> None:
        _CLOSING.reach()
        held = (await holds_on(tx, [timer.customer_id])).get(timer.customer_id)
        if held:
            again = tx.now + _LOOK_AGAIN
            tx.schedule(timer, min(held.until, again) if held.until else again)
        else:
            await self._forget(tx, timer.customer_id, "closed")

    @turn
    async def erase(self, tx: Transaction, ask: EraseCustomer) -> ErasureBegun | PersonHeld | NoSuchCustomer:
        held = (await holds_on(tx, [ask.customer_id])).get(ask.customer_id)
        if held and ask.reason != "replayed":  # Who was forgotten before the backup's return has been so since.
            return PersonHeld(subject=held.subject, reason=held.reason, until=held.until)
        if not await self._forget(tx, ask.customer_id, ask.reason) and await store.is_stranger(tx, ask.customer_id):
            return NoSuchCustomer(customer_id=ask.customer_id)
        return ErasureBegun(subject=ask.customer_id)

    async def _forget(self, tx: Transaction, customer_id: CustomerId, reason: ErasureReason) -> bool:
        """Forget an account and its keys; False if it is not due, or was forgotten before."""
        gone = await store.erase(tx, customer_id, is_due=reason != "closed")
        if gone is None:
            return False
        await self._vault.forget(tx, [(customer_id, "account"), (customer_id, "activity")])
        tx.publish(
            SessionsEnded(customer_id=customer_id, generation=gone["sessions_from"]),
            CustomerErased(customer_id=customer_id, reason=reason, cart_id=gone["cart_id"]),
        )
        return True
