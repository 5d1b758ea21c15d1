"""Profiles within turns: sealed, opened, shown."""

from collections.abc import Sequence

from actors.customer import store
from actors.customer.private import ProfileBox
from actors.customer.store import CustomerRow
from bus.messages.customer import CustomerId, Profile
from engine.sealing import Erased, Place
from engine.transaction import Transaction
from engine.vault import Vault


class Profiles:
    """Seals and opens what names a customer."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def seal(self, tx: Transaction, customer_id: CustomerId, profile: ProfileBox) -> bytes:
        """Seal a profile under its customer's key."""
        keys = await self._vault.keys(tx, {(customer_id, "account")}, creating=True)
        return keys.seal(profile, _place(customer_id), customer_id, "account")

    async def of(self, tx: Transaction, account: CustomerRow) -> ProfileBox | None:
        """Open an account's profile; None if its person is forgotten."""
        keys = await self._vault.keys(tx, {(account.id, "account")})
        profile = keys.read(ProfileBox, account.profile, _place(account.id), account.id, "account")
        return None if isinstance(profile, Erased) else profile

    async def shown(self, tx: Transaction, account: CustomerRow) -> Profile | None:
        """Show an account to its customer; None if they are forgotten."""
        profile = await self.of(tx, account)
        return None if profile is None else _shown(account, profile)

    async def shown_all(self, tx: Transaction, accounts: Sequence[CustomerRow]) -> list[Profile]:
        """Show accounts to staff; those that are forgotten are left out."""
        keys = await self._vault.keys(tx, {(account.id, "account") for account in accounts})
        boxes = [(each, keys.read(ProfileBox, each.profile, _place(each.id), each.id, "account")) for each in accounts]
        return [_shown(account, box) for account, box in boxes if not isinstance(box, Erased)]


def _shown(account: CustomerRow, profile: ProfileBox) -> Profile:
    return Profile(
        customer_id=account.id,
        email=profile.email,
        name=profile.name,
        phone=profile.phone,
        locale=profile.locale,
        has_password=account.password is not None,
        created_at=account.created_at,
        closes_at=account.closes_at,
        cart_id=account.cart_id,
    )


def _place(customer_id: CustomerId) -> Place:
    return Place(store.CUSTOMERS, "profile", customer_id)
