"""People who work in the shop: their roles and rights, tokens of programs, and the record of what was done."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from bus.messages.audit import Findings
from bus.messages.base import OrderId, Value
from engine.message import Command, Query, Reply
from engine.patterns import whole

RESOURCES: Final = (
    "orders", "payments", "returns", "parcels", "stock", "products", "prices", "promotions", "customers", "content",
    "reviews", "reports", "settings", "staff",
)  # fmt: skip
KEYS: Final = tuple(f"{may}_{resource}" for resource in RESOURCES for may in ("read", "write"))
OWNER: Final = "owner"
MOST_USERS: Final = 1000
MOST_ROLES: Final = 100
MOST_TOKENS: Final = 1000  # That are valid.
LONGEST_LABEL: Final = 64
RECOVERY_CODES: Final = 10

RightKey: TypeAlias = str  # One of KEYS. Those of a later version are kept, and open nothing here.
RoleId: TypeAlias = Annotated[str, whole("[a-z][a-z0-9_-]{0,31}")]
UserState: TypeAlias = Literal["invited", "active", "disabled"]
FactorKind: TypeAlias = Literal["totp", "recovery_code", "passkey"]


class Doer(Value, frozen=True, kw_only=True):
    """Who does something: a person, a program by its token, or the command line. What they may is looked up."""

    id: str  # stf_..., tok_..., or COMMAND_LINE.
    address: str = ""
    request_id: str = ""


COMMAND_LINE: Final = Doer(id="command line")  # Whoever may run commands has the database itself.


class Holder(Value, frozen=True, kw_only=True):
    """A person or a program, with what it may."""

    id: str
    label: str = ""  # Of a token. A person's name is not spread.
    keys: tuple[RightKey, ...] = ()
    role: str = ""  # Of a person.
    generation: int = 0  # Sessions of a person that began under an earlier one are void.
    lacks_factor: bool = False  # The role asks for a second factor, and the person has none: no key counts.

    @property
    def is_person(self) -> bool:
        """Whether it is a person."""
        return self.id.startswith("stf_")


class NobodyThere(Reply):
    """There is no such person, token or session; or it has ended."""


class HolderFound(Reply):
    """The person or program that was asked for."""

    holder: Holder


class FindToken(Query[HolderFound | NobodyThere]):
    """Find a program by the hash of its token."""

    hash: bytes


class FindPerson(Query[HolderFound | NobodyThere]):
    """Find a person who is active, by id."""

    id: str


# --- Refusals ---


class Lacks(Reply):
    """Nobody grants what they lack, and nobody touches whom they don't cover."""

    keys: tuple[RightKey, ...] = ()  # Those that the giver lacks; none: it is a matter of owners.


class LastOwner(Reply):
    """The shop would have no owner any more."""


class NoSuchThing(Reply):
    """There is no such person, role, token or approval."""


class Taken(Reply):
    """There is one already, or as many as there may be."""


# --- Roles ---


class Role(Value, frozen=True, kw_only=True):
    """A set of keys."""

    id: str
    title: str
    keys: tuple[RightKey, ...]
    is_fixed: bool = False


class RoleList(Reply):
    """All roles."""

    roles: tuple[Role, ...]


class ListRoles(Query[RoleList]):
    """List all roles."""


class RoleKept(Reply):
    """The role as it is now."""

    role: Role


class SetRole(Command[RoleKept | Lacks | Taken | NoSuchThing]):
    """Make a role, or give it other keys. Fixed ones stay as they are: `NoSuchThing`."""

    id: RoleId
    title: str
    keys: tuple[RightKey, ...]
    by: Doer


class RemoveRole(Command[RoleKept | Lacks | Taken | NoSuchThing]):
    """Remove a role that nobody has."""

    id: str
    by: Doer


# --- Tokens of programs ---


class AccessToken(Value, frozen=True, kw_only=True):
    """A token, without its secret."""

    id: str
    label: str
    keys: tuple[RightKey, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    made_by: str = ""


class TokenKept(Reply):
    """The token as it is now."""

    token: AccessToken


class TokenList(Reply):
    """All tokens, the oldest first."""

    tokens: tuple[AccessToken, ...]


class MakeToken(Command[TokenKept | Lacks | Taken]):
    """Make a token of a program. Only its hash is ever sent and stored."""

    hash: bytes
    label: str
    keys: tuple[RightKey, ...]
    valid_s: int
    by: Doer


class RevokeToken(Command[TokenKept | NoSuchThing]):
    """Revoke a token at once."""

    id: str
    by: Doer


class ListTokens(Query[TokenList]):
    """List all tokens, also those that have expired or were revoked."""


# --- People ---


class Person(Value, frozen=True, kw_only=True):
    """A person who works here."""

    id: str
    email: str
    name: str
    role: str
    state: UserState
    has_totp: bool = False
    passkeys: int = 0
    created_at: datetime


class PersonKept(Reply):
    """The person as it is now."""

    person: Person


class PersonList(Reply):
    """All people who work here, by when they were invited."""

    people: tuple[Person, ...]


class ListPeople(Query[PersonList]):
    """List all people who work here."""


class ReadPerson(Query[PersonKept | NobodyThere]):
    """Read a person."""

    id: str


class CountOwners(Query[int]):
    """Count the owners who can sign in."""


class Invite(Command[PersonKept | Lacks | Taken | NoSuchThing]):
    """Invite a person, or anew one who has lost all ways in. The link's token is sent and stored as its hash alone.

    An earlier link of the person, the password and all factors are void, and sessions end.
    """

    id: str
    email: str
    name: str
    role: str
    token_hash: bytes
    valid_s: int
    by: Doer


class Reinvite(Command[PersonKept | Lacks | LastOwner | NoSuchThing]):
    """Give a person a new link, by which a new password is set. Password and factors of before are void."""

    id: str
    token_hash: bytes
    valid_s: int
    by: Doer


class FindInvited(Query[PersonKept | NobodyThere]):
    """Find the person whom a link invites."""

    token_hash: bytes


class Join(Command[PersonKept | NobodyThere]):
    """Accept an invitation: the link is used up, and the password set."""

    token_hash: bytes
    password: str  # Encoded by argon2id.
    by: Doer


class ChangePerson(Command[PersonKept | Lacks | LastOwner | NoSuchThing]):
    """Give a person another role, disable them, or enable them again. Their sessions end."""

    id: str
    role: str | None = None
    is_disabled: bool | None = None
    by: Doer


class Enthrone(Command[PersonKept | Taken]):
    """Make the first owner, as the settings name them. `Taken` if there is an owner, or the address is another's."""

    id: str
    email: str
    password: str


# --- Signing in ---


class Credentials(Reply):
    """What a person proves themselves by. Never leaves the process."""

    id: str
    password: str | None
    has_totp: bool
    has_passkey: bool
    generation: int


class FindCredentials(Query[Credentials | NobodyThere]):
    """Find what an active person proves themselves by."""

    email: str


class FactorProven(Reply):
    """The second factor fits, and has been used up. It counts how many recovery codes are left."""

    left: int


class ProveFactor(Command[FactorProven | NobodyThere]):
    """Prove a second factor: a code by time, or a recovery code by its hash. Each counts once."""

    id: str
    code: str = ""
    recovery_hash: bytes = b""


class NoteSignIn(Command[None]):
    """Record a sign-in, or that one was refused; and a newer hash of the password, if there is one."""

    id: str  # "" for an unknown address.
    is_refused: bool
    rehashed: str | None = None
    by: Doer


class SetOwnPassword(Command[int | NobodyThere]):
    """Set one's own password. All sessions end; returns the new generation."""

    id: str
    password: str
    by: Doer


class EndSessions(Command[int | NobodyThere]):
    """End all sessions of a person; returns the new generation."""

    id: str
    by: Doer


class TotpBegun(Reply):
    """The secret for an app. It counts once a code of it was shown."""

    secret: str
    email: str


class BeginTotp(Command[TotpBegun | NobodyThere]):
    """Make a new secret for codes by time."""

    id: str


class TotpKept(Reply):
    """Codes by time are asked for from now on; all recovery codes are new."""


class KeepTotp(Command[TotpKept | NobodyThere]):
    """Keep the secret of which this code is."""

    id: str
    code: str
    recovery_hashes: tuple[bytes, ...]
    by: Doer


class PasskeyInfo(Value, frozen=True, kw_only=True):
    """A passkey, for its owner."""

    id: str
    label: str
    created_at: datetime
    used_at: datetime | None = None


class PasskeyFacts(Value, frozen=True, kw_only=True):
    """A passkey as it is verified."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backed_up: bool
    site_id: str


class PasskeyFound(Reply):
    """The passkey, and its owner."""

    person: str
    generation: int
    passkey: PasskeyFacts


class FindPasskey(Query[PasskeyFound | NobodyThere]):
    """Find a passkey of an active person."""

    credential_id: bytes


class PasskeyList(Reply):
    """The passkeys of a person."""

    passkeys: tuple[PasskeyInfo, ...]
    credential_ids: tuple[bytes, ...]
    has_new_codes: bool = False  # The recovery codes that were sent with one are kept.


class ListStaffPasskeys(Query[PasskeyList]):
    """List the passkeys of a person."""

    id: str


class AddStaffPasskey(Command[PasskeyList | Taken | NobodyThere]):
    """Add a passkey to a person."""

    id: str
    passkey: PasskeyFacts
    label: str
    recovery_hashes: tuple[bytes, ...]  # Kept if the person has no recovery codes yet.
    by: Doer


class RemoveStaffPasskey(Command[PasskeyList | NoSuchThing]):
    """Remove a passkey of a person."""

    id: str
    passkey: str
    by: Doer


class NotePasskeyUse(Command[bool]):
    """Record that a passkey was used. False if its count did not grow: it is a copy."""

    credential_id: bytes
    sign_count: int
    is_backed_up: bool
    by: Doer


# --- Acts ---


class Act(Value, frozen=True, kw_only=True):
    """What somebody did, or asked for."""

    by: str
    key: str = ""  # The right that it took.
    what: str
    about: str = ""
    before: str = ""  # JSON; no personal data.
    after: str = ""
    address: str = ""
    request_id: str = ""


class RecordedAct(Value, frozen=True, kw_only=True):
    """An act, its place in the chain, and its link: a hash of it and the link before."""

    id: int
    at: datetime
    act: Act
    link: bytes


class RecordAct(Command[None]):
    """Add an act to the chain."""

    act: Act


class ActPage(Reply):
    """Acts, the newest first."""

    acts: tuple[RecordedAct, ...]
    next: int | None


class ListActs(Query[ActPage]):
    """List acts, the newest first."""

    limit: int
    before: int | None = None
    by: str = ""
    about: str = ""


class AuditActs(Query[Findings]):
    """Verify the chain of acts, from its first to its last link."""


# --- A second pair of eyes ---

ApprovalState: TypeAlias = Literal["within", "waiting", "approved", "refused", "expired"]


class Approval(Value, frozen=True, kw_only=True):
    """A refund that waits for a second person, or has been decided about."""

    id: str
    order_id: OrderId
    refund_id: str
    amount: int | None  # Minor units; None: all that is left.
    reason: str
    by: str
    state: ApprovalState
    asked_at: datetime
    expires_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None


class ApprovalKept(Reply):
    """The approval as it is now."""

    approval: Approval


class OwnRequest(Reply):
    """Who has asked for it can't approve it."""


class AlreadyDecided(Reply):
    """It was decided about, or has expired."""

    approval: Approval


class AskApproval(Command[ApprovalKept]):
    """Ask whether a person may refund so much, with what was refunded of the order through here before.

    If not, the refund is kept until a second person approves it. Repeating it with one id changes nothing.
    """

    id: str
    order_id: OrderId
    refund_id: str
    amount: int | None
    worth: int  # At most that much, in minor units.
    limit: int  # What one person may refund of an order.
    reason: str
    by: Doer


class DecideApproval(Command[ApprovalKept | OwnRequest | AlreadyDecided | NoSuchThing]):
    """Approve a refund, which is then made, or refuse it."""

    id: str
    is_approved: bool
    by: Doer


class ApprovalList(Reply):
    """Approvals, the newest first."""

    approvals: tuple[Approval, ...]


class ListApprovals(Query[ApprovalList]):
    """List those that wait, and the latest that were decided about."""

    limit: int


def unknown_keys(keys: Sequence[str]) -> list[str]:
    """Return those that are no keys."""
    return [key for key in keys if key not in KEYS]


Label: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_LABEL)]
