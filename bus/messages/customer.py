"""Customers: who they are, how they prove it, and what is theirs.

An e-mail address is named by its index, a keyed hash (engine/blind_index.py), wherever that is enough. Commands carry
a person's data from the edge to this domain only; events carry ids. No message carries a password: the edge hashes it.
"""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

from bus.messages.base import CartId, OrderId
from engine.message import Command, Event, Query, Reply

CustomerId: TypeAlias = str
EmailIndex: TypeAlias = str  # In hex.

CodePurpose: TypeAlias = Literal["register", "login", "reset", "email", "undo"]
MailKind: TypeAlias = Literal[
    "register",  # The code that proves a new account's address.
    "known",  # Somebody asked for an account, or to take this address, and it has an account.
    "login",
    "reset",
    "unknown",  # Somebody asked for a way into an account that does not exist.
    "email",  # The code that proves an account's new address.
    "email_changed",  # To the old address, with the way back.
    "password_changed",
    "closing",
    "ending",  # The account is closed for good within the hour; afterwards nobody knows where to write to.
]
Method: TypeAlias = Literal["password", "code", "passkey"]

# --- Signing up and in ---


class CodeSent(Reply):
    """A mail follows, if none was sent to the address within the last minute. Says nothing of whom it belongs to."""


class BadCode(Reply):
    """The code or token is wrong, too old, used, or was tried too often. Which of these, nobody is told."""


class SignedIn(Reply):
    """A customer may be let in. Sessions begin with this generation."""

    customer_id: CustomerId
    generation: int
    is_reopened: bool = False  # It was about to be closed.


class NotSignedIn(Reply):
    """The refusal to let anybody in: no such account, or what was proven has changed meanwhile."""


class Register(Command[CodeSent]):
    """Ask for an account. A mail brings a code to the address; if it has an account, it says so instead."""

    names_persons: ClassVar[bool] = True

    email_index: EmailIndex
    email: str
    name: str
    password: str  # Its hash. It counts for whoever has typed it: see `VerifyRegistration`.
    browser: str  # The hash of a secret that the browser got.
    locale: str = ""


class VerifyRegistration(Command[SignedIn | BadCode]):
    """Make an account of a registration, with the code that its address has got."""

    names_persons: ClassVar[bool] = True

    email_index: EmailIndex
    code: str
    browser: str | None  # As in `Register`. Another one proves the address, but did not type the password and name.


class RequestCode(Command[CodeSent]):
    """Send a code to sign in with, or a token to reset a password, to an address."""

    names_persons: ClassVar[bool] = True

    email_index: EmailIndex
    purpose: Literal["login", "reset"]
    email: str


class Credentials(Reply):
    """The hash to compare a password with; none for an address without account, or an account without password."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId | None
    password: str | None  # A hash.


class ReadCredentials(Query[Credentials]):
    """Read the hash of an account's password, by its address or by its id."""

    email_index: EmailIndex = ""
    customer_id: CustomerId = ""


class LogIn(Command[SignedIn | NotSignedIn]):
    """Let a customer in whose password was found to fit this hash, if it still is the one."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    password: str  # The hash that fitted.
    rehashed: str | None = None  # By today's parameters.


class LogInWithCode(Command[SignedIn | BadCode]):
    """Let a customer in who has got a code."""

    names_persons: ClassVar[bool] = True

    email_index: EmailIndex
    code: str


class SessionCheck(Reply):
    """Whether a session counts, by what is stored for good."""

    is_valid: bool
    owns_order: bool = False


class CheckSession(Query[SessionCheck]):
    """Ask whether a session counts, and whether its customer has an order."""

    customer_id: CustomerId
    session_id: str
    generation: int
    order_id: OrderId = ""


class EndSession(Command[None]):
    """End one session for good, whatever Redis remembers. Safe to send twice."""

    customer_id: CustomerId
    session_id: str
    until: datetime  # It ends by itself then.


class EndSessions(Command[SignedIn | NotSignedIn]):
    """End all sessions that have begun so far."""

    customer_id: CustomerId


# --- Changing what proves who one is ---


class ResetPassword(Command[SignedIn | BadCode]):
    """Set a new password with the token of a mail. All sessions end."""

    names_persons: ClassVar[bool] = True

    token: str
    password: str  # Its hash.


class ChangePassword(Command[SignedIn | NotSignedIn]):
    """Set a new password, if the present one still has this hash. All other sessions end."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    present: str | None  # None: there is none.
    password: str


class RequestEmailChange(Command[CodeSent]):
    """Send a code to a customer's new address."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    email_index: EmailIndex  # The new one's.
    email: str


class ConfirmEmailChange(Command[SignedIn | BadCode]):
    """Give a customer a new address, proven by its code. Sessions end; the old address gets a way back for a week."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    email_index: EmailIndex  # The new one's.
    code: str


class UndoEmailChange(Command[SignedIn | BadCode]):
    """Give an account its former address back. Sessions end, and the password and passkeys are void."""

    names_persons: ClassVar[bool] = True

    token: str


# --- Who one is ---


class Profile(Reply):
    """A customer."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    email: str
    name: str
    phone: str
    locale: str
    has_password: bool
    created_at: datetime
    closes_at: datetime | None
    cart_id: CartId | None


class NoSuchCustomer(Reply):
    """The refusal for a customer who does not exist, or not any more."""

    customer_id: CustomerId


# --- The end of an account ---


class CloseAccount(Command[Profile | NotSignedIn]):
    """Close an account in 30 days, unless its customer signs in before. All sessions end."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    present: str | None  # The hash that fitted the password that was shown; None: there is none.


# --- Mails ---


class AccountMail(Reply):
    """A mail to a customer, or to whoever asked to become one."""

    names_persons: ClassVar[bool] = True

    kind: MailKind
    email: str
    code: str = ""
    token: str = ""
    expires_at: datetime | None = None


class NothingToMail(Reply):
    """The subject of the mail is gone: it was used, replaced, or its person is forgotten."""


class ReadAccountMail(Query[AccountMail | NothingToMail]):
    """Read what a mail says, when it is written."""

    mail_id: str
    kind: MailKind
    customer_id: CustomerId


class SendAccountMail(Command[None]):
    """Send a mail to a customer. It names what the mail is about, and holds nothing of it."""

    mail_id: str
    kind: MailKind
    customer_id: CustomerId


# --- Events ---


class CustomerRegistered(Event):
    """An account was made; its address is proven."""

    customer_id: CustomerId


class SessionsEnded(Event):
    """All sessions of a customer that began before have ended."""

    customer_id: CustomerId
    generation: int  # Of those that begin from now on.


class PasswordChanged(Event):
    """A customer has another password."""

    customer_id: CustomerId


class EmailChanged(Event):
    """A customer has another address, which is proven; or the former one again."""

    customer_id: CustomerId


class AccountClosing(Event):
    """An account will be closed then, unless its customer signs in before."""

    customer_id: CustomerId
    closes_at: datetime


class AccountReopened(Event):
    """An account that was about to be closed stays."""

    customer_id: CustomerId


class CustomerErased(Event):
    """An account was closed. Whoever keeps anything of its person forgets it."""

    customer_id: CustomerId
    reason: Literal["closed", "asked", "replayed"] = "closed"
    cart_id: CartId = ""
