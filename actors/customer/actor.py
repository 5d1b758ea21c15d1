"""The turns of accounts: read, decide, write.

What proves who somebody is changes in the transaction that ends their sessions; a code is used up in the transaction of
what it is for. So whenever the process dies, either nothing has happened, or all of it.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from actors.customer import passkeys, rules, store
from actors.customer.codes import Codes, TakenCode
from actors.customer.own import Own
from actors.customer.person import PersonalAccounts
from actors.customer.private import AnnounceEnd, CodeBox, FinishClosing, ProfileBox
from actors.customer.profiles import Profiles
from actors.customer.store import CustomerRow
from bus.messages.base import new_id
from bus.messages.customer import (
    AccountClosing,
    AccountMail,
    AccountReopened,
    BadCode,
    ChangePassword,
    CheckSession,
    CloseAccount,
    CodeSent,
    ConfirmEmailChange,
    Credentials,
    CustomerId,
    CustomerRegistered,
    EmailChanged,
    EndSession,
    EndSessions,
    LogIn,
    LogInWithCode,
    MailKind,
    NothingToMail,
    NotSignedIn,
    PasswordChanged,
    Profile,
    ReadAccountMail,
    ReadCredentials,
    Register,
    RequestCode,
    RequestEmailChange,
    ResetPassword,
    SendAccountMail,
    SessionCheck,
    SessionsEnded,
    SignedIn,
    UndoEmailChange,
    VerifyRegistration,
)
from bus.messages.customer_own import LogInWithPasskey
from engine.actor import Actor, turn
from engine.clock import Clock
from engine.postgres import Database
from engine.resealing import in_batches
from engine.transaction import Transaction
from engine.vault import Vault

_PURGE_EVERY: Final = timedelta(hours=1)
_CODE_KINDS: Final = frozenset[MailKind]({"register", "known", "login", "reset", "unknown", "email", "email_changed"})


class Customers(Own, PersonalAccounts, Actor, name="customer"):
    """Keeps accounts, and says who may be let in. The only writer of its tables."""

    def __init__(self, *, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._codes = Codes(vault)
        self._profiles = Profiles(vault)
        self._purge_at: datetime | None = None

    async def run(self) -> None:
        """Make accounts of earlier versions findable, and return when all are."""
        await in_batches(self._database, self._clock, self._profiles.list_batch)

    # --- Signing up and in ---

    @turn
    async def register(self, tx: Transaction, ask: Register) -> CodeSent:
        await self._purge(tx)
        account = await store.by_email(tx, ask.email_index)
        box = CodeBox(
            kind="known" if account else "register",
            email=ask.email,
            name=ask.name,
            password=ask.password,
            browser=ask.browser,
            locale=ask.locale,
        )
        if account:
            box = CodeBox(kind="known", email=ask.email)
        await self._codes.issue(tx, "register", ask.email_index, account.id if account else None, box)
        return CodeSent()

    @turn
    async def verify_registration(self, tx: Transaction, ask: VerifyRegistration) -> SignedIn | BadCode:
        taken = await self._codes.take(tx, "register", ask.email_index, ask.code)
        if taken is None:
            return BadCode()
        box, own = taken.box, rules.keeps_typed(taken.box.browser, ask.browser)
        profile = ProfileBox(email=box.email, name=box.name if own else "", locale=box.locale)
        sealed = await self._profiles.seal(tx, taken.subject, profile)
        if not await store.add(tx, taken.subject, ask.email_index, sealed, box.password if own else None):
            return BadCode()
        tx.publish(CustomerRegistered(customer_id=taken.subject))
        return SignedIn(customer_id=taken.subject, generation=1)

    @turn
    async def request_code(self, tx: Transaction, ask: RequestCode) -> CodeSent:
        await self._purge(tx)
        account = await store.by_email(tx, ask.email_index)
        kind: MailKind = ask.purpose if account else "unknown"
        box = CodeBox(kind=kind, email=ask.email)
        await self._codes.issue(tx, ask.purpose, ask.email_index, account.id if account else None, box)
        return CodeSent()

    @turn
    async def read_credentials(self, tx: Transaction, ask: ReadCredentials) -> Credentials:
        by_id = bool(ask.customer_id)
        account = await (store.by_id(tx, ask.customer_id) if by_id else store.by_email(tx, ask.email_index))
        if account is None:
            return Credentials(customer_id=None, password=None)
        return Credentials(customer_id=account.id, password=account.password)

    @turn
    async def log_in(self, tx: Transaction, ask: LogIn) -> SignedIn | NotSignedIn:
        account = await store.lock(tx, ask.customer_id)
        if account is None or account.password is None or account.password != ask.password:
            return NotSignedIn()
        if ask.rehashed:
            await store.set_password(tx, account.id, ask.rehashed)
        return await self._let_in(tx, account)

    @turn
    async def log_in_with_code(self, tx: Transaction, ask: LogInWithCode) -> SignedIn | BadCode:
        taken = await self._codes.take(tx, "login", ask.email_index, ask.code)
        account = await store.lock(tx, taken.subject) if taken else None
        if account is None or account.email_index != ask.email_index:
            return BadCode()
        return await self._let_in(tx, account)

    @turn
    async def log_in_with_passkey(self, tx: Transaction, ask: LogInWithPasskey) -> SignedIn | NotSignedIn:
        customer_id = await passkeys.use(tx, ask)
        account = await store.lock(tx, customer_id) if customer_id else None
        return await self._let_in(tx, account) if account else NotSignedIn()

    async def _let_in(self, tx: Transaction, account: CustomerRow) -> SignedIn:
        is_reopened = account.state == "closing"
        if is_reopened:
            await store.reopen(tx, account.id)
            tx.publish(AccountReopened(customer_id=account.id))
        return SignedIn(customer_id=account.id, generation=account.sessions_from, is_reopened=is_reopened)

    # --- Sessions ---

    @turn
    async def check_session(self, tx: Transaction, ask: CheckSession) -> SessionCheck:
        return await store.check_session(tx, ask.customer_id, ask.session_id, ask.generation, ask.order_id)

    @turn
    async def end_session(self, tx: Transaction, ask: EndSession) -> None:
        await store.end_session(tx, ask.session_id, ask.until)

    @turn
    async def end_sessions(self, tx: Transaction, ask: EndSessions) -> SignedIn | NotSignedIn:
        account = await store.lock(tx, ask.customer_id)
        return await self._end_sessions(tx, account.id) if account else NotSignedIn()

    async def _end_sessions(self, tx: Transaction, customer_id: CustomerId) -> SignedIn:
        generation = await store.end_sessions(tx, customer_id)
        tx.publish(SessionsEnded(customer_id=customer_id, generation=generation))
        return SignedIn(customer_id=customer_id, generation=generation)

    # --- What proves who one is ---

    @turn
    async def reset_password(self, tx: Transaction, ask: ResetPassword) -> SignedIn | BadCode:
        taken = await self._codes.take_token(tx, "reset", ask.token)
        account = await store.lock(tx, taken.subject) if taken else None
        if taken is None or account is None or account.email_index != taken.email_index:
            return BadCode()
        return await self._set_password(tx, account, ask.password)

    @turn
    async def change_password(self, tx: Transaction, ask: ChangePassword) -> SignedIn | NotSignedIn:
        account = await store.lock(tx, ask.customer_id)
        if account is None or account.password != ask.present:
            return NotSignedIn()
        return await self._set_password(tx, account, ask.password)

    async def _set_password(self, tx: Transaction, account: CustomerRow, password: str) -> SignedIn:
        await store.set_password(tx, account.id, password)
        tx.publish(PasswordChanged(customer_id=account.id))
        tx.send(SendAccountMail(mail_id=new_id("ml"), kind="password_changed", customer_id=account.id))
        return await self._end_sessions(tx, account.id)

    @turn
    async def request_email_change(self, tx: Transaction, ask: RequestEmailChange) -> CodeSent:
        await self._purge(tx)
        taken = await store.by_email(tx, ask.email_index)
        box = CodeBox(kind="known" if taken else "email", email=ask.email)
        await self._codes.issue(tx, "email", ask.email_index, ask.customer_id, box)
        return CodeSent()

    @turn
    async def confirm_email_change(self, tx: Transaction, ask: ConfirmEmailChange) -> SignedIn | BadCode:
        taken = await self._codes.take(tx, "email", ask.email_index, ask.code)
        if taken is None or taken.subject != ask.customer_id:
            return BadCode()
        account = await store.lock(tx, ask.customer_id)
        before = await self._profiles.of(tx, account) if account else None
        if account is None or before is None or not await self._set_email(tx, account, before, taken):
            return BadCode()
        undo = CodeBox(kind="email_changed", email=before.email)
        await self._codes.issue(tx, "undo", account.email_index, account.id, undo)
        return await self._end_sessions(tx, account.id)

    @turn
    async def undo_email_change(self, tx: Transaction, ask: UndoEmailChange) -> SignedIn | BadCode:
        taken = await self._codes.take_token(tx, "undo", ask.token)
        account = await store.lock(tx, taken.subject) if taken else None
        now = await self._profiles.of(tx, account) if account else None
        if taken is None or account is None or now is None or not await self._set_email(tx, account, now, taken):
            return BadCode()
        # Whoever had changed it knew the password, or held a passkey.
        await store.set_password(tx, account.id, None)
        await passkeys.remove_all(tx, account.id)
        return await self._end_sessions(tx, account.id)

    async def _set_email(self, tx: Transaction, account: CustomerRow, profile: ProfileBox, taken: TakenCode) -> bool:
        changed = msgspec.structs.replace(profile, email=taken.box.email)
        sealed = await self._profiles.seal(tx, account.id, changed)
        is_set = await store.set_email(tx, account.id, taken.email_index, sealed)
        if is_set:
            tx.publish(EmailChanged(customer_id=account.id))
        return is_set

    # --- The end of an account ---

    @turn
    async def close(self, tx: Transaction, ask: CloseAccount) -> Profile | NotSignedIn:
        account = await store.lock(tx, ask.customer_id)
        if account is None or account.password != ask.present:
            return NotSignedIn()
        if account.closes_at is None:
            closes_at = tx.now + rules.CLOSING
            await store.close(tx, account.id, closes_at)
            tx.schedule(AnnounceEnd(customer_id=account.id, closes_at=closes_at), closes_at - rules.LAST_MAIL)
            tx.schedule(FinishClosing(customer_id=account.id, closes_at=closes_at), closes_at)
            tx.publish(AccountClosing(customer_id=account.id, closes_at=closes_at))
            tx.send(SendAccountMail(mail_id=new_id("ml"), kind="closing", customer_id=account.id))
            account = account._replace(closes_at=closes_at)
        await self._end_sessions(tx, account.id)
        return await self._profiles.shown(tx, account) or NotSignedIn()

    # --- Mails ---

    @turn
    async def read_mail(self, tx: Transaction, ask: ReadAccountMail) -> AccountMail | NothingToMail:
        if ask.kind in _CODE_KINDS:
            return await self._code_mail(tx, ask)
        account = await store.by_id(tx, ask.customer_id)
        profile = await self._profiles.of(tx, account) if account else None
        is_taken_back = account is not None and account.closes_at is None and ask.kind in ("closing", "ending")
        if account is None or profile is None or is_taken_back:
            return NothingToMail()
        return AccountMail(kind=ask.kind, email=profile.email, expires_at=account.closes_at)

    async def _code_mail(self, tx: Transaction, ask: ReadAccountMail) -> AccountMail | NothingToMail:
        code = await store.read_code(tx, ask.mail_id)
        box = await self._codes.box_of(code, tx) if code else None
        if code is None or box is None or code.expires_at <= tx.now:
            return NothingToMail()
        digits, token = self._codes.secrets(code.id)
        has_code, has_token = box.kind in ("register", "login", "email"), box.kind in ("reset", "email_changed")
        return AccountMail(
            kind=box.kind,
            email=box.email,
            code=digits if has_code else "",
            token=token if has_token else "",
            expires_at=code.expires_at,
        )

    async def _purge(self, tx: Transaction) -> None:
        if self._purge_at is None or self._purge_at <= tx.now:
            self._purge_at = tx.now + _PURGE_EVERY
            await self._codes.purge(tx, tx.now - rules.KEPT_CODES)
