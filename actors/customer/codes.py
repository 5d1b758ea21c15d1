"""Codes within turns: issued, tried, and used once.

Rejected: docs/decisions/0047.
"""

from datetime import datetime
from typing import Final, NamedTuple

from actors.customer import rules, store
from actors.customer.private import CodeBox
from actors.customer.store import Code
from bus.messages.base import new_id
from bus.messages.customer import CodePurpose, CustomerId, EmailIndex, SendAccountMail
from engine.crash import CrashPoint
from engine.sealing import Erased, Place
from engine.transaction import Transaction
from engine.vault import Vault

_USED = CrashPoint("customer-code-used", "A code is used up, in a transaction that has not committed.")
_LABEL: Final = "codes of customers"


class TakenCode(NamedTuple):
    """A code that was right, and is used up."""

    subject: CustomerId
    box: CodeBox
    email_index: EmailIndex


class Codes:
    """Issues codes and tokens, and takes them."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def issue(
        self, tx: Transaction, purpose: CodePurpose, email_index: EmailIndex, subject: CustomerId | None, box: CodeBox
    ) -> None:
        """Issue a code and send it, unless the address had one within the last minute: then that one stands.

        Args:
            tx: The transaction.
            purpose: What it is for; an address has one code for each.
            email_index: The address.
            subject: Whose key seals it. None: somebody's who has no account.
            box: What it is to remember. Its kind says what the mail is.
        """
        known = await store.lock_code(tx, purpose, email_index)
        if known and known.tries < rules.MOST_TRIES and not rules.may_send(known.issued_at, tx.now):
            return
        subject = subject or await self._stranger(tx, known)
        code_id = new_id("cod")
        keys = await self._vault.keys(tx, {(subject, "account")}, creating=True)
        sealed = keys.seal(box, _place(code_id), subject, "account")
        await store.issue(
            tx, Code(purpose, email_index, code_id, subject, sealed, 0, tx.now, rules.expires_at(purpose, tx.now))
        )
        if known and known.subject != subject and await store.is_stranger(tx, known.subject):
            await self._vault.forget(tx, {(known.subject, "account")})
        tx.send(SendAccountMail(mail_id=code_id, kind=box.kind, customer_id=subject))

    async def take(
        self, tx: Transaction, purpose: CodePurpose, email_index: EmailIndex, typed: str
    ) -> TakenCode | None:
        """Use a code up, if this is it; else count the try."""
        code = await store.lock_code(tx, purpose, email_index)
        if code is None or not rules.is_usable(code.tries, code.expires_at, tx.now):
            return None
        if not rules.fits_code(self._vault.token_keys(_LABEL), code.id, typed):
            await store.note_try(tx, code.id)
            return None
        return await self._use(tx, code)

    async def take_token(self, tx: Transaction, purpose: CodePurpose, token: str) -> TakenCode | None:
        """Use a token of a mail's link up, if it is one."""
        code = await store.lock_token(tx, purpose, rules.id_in(token))
        if code is None or not rules.is_usable(code.tries, code.expires_at, tx.now):
            return None
        return await self._use(tx, code) if rules.fits_token(self._vault.token_keys(_LABEL), code.id, token) else None

    async def box_of(self, code: Code, reader: Transaction) -> CodeBox | None:
        """Open a code's box; None if its person is forgotten."""
        keys = await self._vault.keys(reader, {(code.subject, "account")})
        box = keys.read(CodeBox, code.sealed, _place(code.id), code.subject, "account")
        return None if isinstance(box, Erased) else box

    def secrets(self, code_id: str) -> tuple[str, str]:
        """Compute the code and the token that a mail shows."""
        newest = self._vault.token_keys(_LABEL)[0]
        return rules.code_of(newest, code_id), rules.token_of(newest, code_id)

    async def purge(self, tx: Transaction, before: datetime) -> None:
        """Forget what ended before, and the keys of those who never came."""
        if strangers := await store.purge(tx, before):
            await self._vault.forget(tx, {(each, "account") for each in strangers})

    async def _use(self, tx: Transaction, code: Code) -> TakenCode | None:
        box = await self.box_of(code, tx)
        if not await store.use(tx, code.id) or box is None or not rules.is_good_for(code.purpose, box.kind):
            return None
        _USED.reach(code.purpose)
        return TakenCode(code.subject, box, code.email_index)

    async def _stranger(self, tx: Transaction, known: Code | None) -> CustomerId:
        """Return the id under which somebody without an account is sealed: the last one, that no key is left over."""
        if known is not None and await store.is_stranger(tx, known.subject):
            return known.subject
        return new_id("cus")


def _place(code_id: str) -> Place:
    return Place(store.CODES, "sealed", code_id)
