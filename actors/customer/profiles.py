"""Profiles within turns: sealed, opened, shown."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from actors.customer import store
from actors.customer.private import ProfileBox
from actors.customer.store import CustomerRow, SealedProfile
from bus.messages.customer import CustomerId, Profile
from bus.messages.customer_own import CustomerPage, ListCustomers
from engine.blind_index import says_all
from engine.resealing import BATCH
from engine.sealing import Erased, Place
from engine.transaction import Transaction
from engine.vault import Vault

_MOST_OPENED: Final = 500  # Of one page: tokens find more than is meant.
_AT_ONCE: Final = 50  # Nearly all that are found are meant, so a page rarely opens more.
# Accounts of which a walk through the newest looks at their tokens, and how many it must find to go on: what is rarer
# is found and sorted by the index in less time than more walks take.
_LOOKED_AT: Final = 5_000
_OFTEN: Final = 10
_MOST_WALKS: Final = 10  # Of one page.


class Profiles:
    """Seals and opens what names a customer."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def seal(self, tx: Transaction, customer_id: CustomerId, profile: ProfileBox) -> SealedProfile:
        """Seal a profile under its customer's key."""
        keys = await self._vault.keys(tx, {(customer_id, "account")}, creating=True)
        return SealedProfile(keys.seal(profile, _place(customer_id), customer_id, "account"), self._tokens(profile))

    async def of(self, tx: Transaction, account: CustomerRow) -> ProfileBox | None:
        """Open an account's profile; None if its person is forgotten."""
        keys = await self._vault.keys(tx, {(account.id, "account")})
        profile = keys.read(ProfileBox, account.profile, _place(account.id), account.id, "account")
        return None if isinstance(profile, Erased) else profile

    async def shown(self, tx: Transaction, account: CustomerRow) -> Profile | None:
        """Show an account to its customer; None if they are forgotten."""
        profile = await self.of(tx, account)
        return None if profile is None else _shown(account, profile)

    async def find(self, tx: Transaction, ask: ListCustomers) -> CustomerPage:
        """Find accounts whose customers say all words of a text, the newest first."""
        said, looked_at, last = list[Profile](), 0, ""
        async for rows in _candidates(tx, self._vault.asked_tokens(ask.q), ask.after):
            said += [each for each in await self.shown_all(tx, rows) if _is_said(each, ask.q)]
            if len(said) > ask.limit:
                return CustomerPage(customers=tuple(said[: ask.limit]), next=said[ask.limit - 1].customer_id)
            looked_at, last = looked_at + len(rows), rows[-1].id
        return CustomerPage(customers=tuple(said), next=last if looked_at == _MOST_OPENED else None)

    async def list_batch(self, tx: Transaction) -> int | None:
        """Give tokens to accounts of before; return to how many, None if all have some."""
        rows = await store.unlisted(tx, BATCH)
        if rows is None:
            return None
        boxes = {each.customer_id: self._tokens(each) for each in await self.shown_all(tx, rows)}
        await store.set_tokens(tx, {row.id: boxes.get(row.id, ()) for row in rows})
        return len(rows)

    def _tokens(self, profile: ProfileBox | Profile) -> Sequence[int]:
        return self._vault.search_tokens(email=profile.email, name=profile.name, phone=profile.phone)

    async def shown_all(self, tx: Transaction, accounts: Sequence[CustomerRow]) -> list[Profile]:
        """Show accounts to staff; those that are forgotten are left out."""
        keys = await self._vault.keys(tx, {(account.id, "account") for account in accounts})
        boxes = [(each, keys.read(ProfileBox, each.profile, _place(each.id), each.id, "account")) for each in accounts]
        return [_shown(account, box) for account, box in boxes if not isinstance(box, Erased)]


async def _candidates(
    tx: Transaction, asked: Sequence[list[int]], after: CustomerId
) -> AsyncIterator[Sequence[CustomerRow]]:
    """Yield up to `_MOST_OPENED` accounts that have the tokens, the newest first, up to `_AT_ONCE` at a time.

    What many have is found among the newest accounts, what few have in the index of tokens: the one would look at all
    accounts for what few have, the other sorts all who have what many have. Which it is only looking tells.
    """
    left = _MOST_OPENED
    walks = 0 if asked and len(asked[0]) == 1 else _MOST_WALKS  # One token is a whole address, which one account has.
    for _ in range(walks):
        rows = await store.near(tx, asked, after, min(_AT_ONCE, left), _LOOKED_AT)
        if len(rows) < min(_OFTEN, left):
            break
        yield rows
        left, after = left - len(rows), rows[-1].id
        if not left:
            return
    rows = await store.far(tx, asked, after, left)
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


def _is_said(profile: Profile, text: str) -> bool:
    return says_all(text, email=profile.email, name=profile.name, phone=profile.phone)


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
