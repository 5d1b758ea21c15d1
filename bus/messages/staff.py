"""People who work in the shop, their roles and rights, and tokens of programs.

How they sign in is in staff_sign_in.py, the record of what they do in staff_acts.py.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final, Literal, TypeAlias

from bus.messages.base import Value
from engine.message import Command, Query, Reply

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
UserState: TypeAlias = Literal["invited", "active", "disabled"]


class Doer(Value, frozen=True, kw_only=True):
    """A person, a program by its token, or the command line, who does something. Their rights are looked up."""

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
    """No such person, token or session is there; or it has ended."""


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
    """A refusal: nobody grants what they lack, nor touches a person who may more."""

    keys: tuple[RightKey, ...] = ()  # Those that the giver lacks; none: it is a matter of owners.


class LastOwner(Reply):
    """The shop would have no owner any more."""


class NoSuchThing(Reply):
    """No such person, role, token or approval is there."""


class AlreadyThere(Reply):
    """A refusal: it is there already, or there are as many as there may be."""


# --- Roles ---


class Role(Value, frozen=True, kw_only=True):
    """A set of keys."""

    id: str
    title: str
    keys: tuple[RightKey, ...]
    is_fixed: bool = False
    refund_limit: int | None = None  # Of an order, in minor units, for one person; None: what the setting says.


class RoleList(Reply):
    """All roles."""

    roles: tuple[Role, ...]


class ListRoles(Query[RoleList]):
    """List all roles."""


class RoleKept(Reply):
    """The role as it is now."""

    role: Role


class SetRole(Command[RoleKept | Lacks | AlreadyThere | NoSuchThing]):
    """Make a role, or give it other keys. Fixed ones stay as they are: `NoSuchThing`."""

    id: str
    title: str
    keys: tuple[RightKey, ...]
    by: Doer
    refund_limit: int | None = None  # Set, changed and taken away by owners alone.


class RemoveRole(Command[RoleKept | Lacks | AlreadyThere | NoSuchThing]):
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


class MakeToken(Command[TokenKept | Lacks | AlreadyThere]):
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


class Invite(Command[PersonKept | Lacks | AlreadyThere | NoSuchThing]):
    """Invite a person, or anew one who has lost all ways in. The link's token is sent and stored as its hash alone.

    An earlier link of the person, the password and all factors are void, and sessions end.
    """

    names_persons: ClassVar[bool] = True

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


class Enthrone(Command[PersonKept | AlreadyThere]):
    """Make the first owner, as the settings name them. `AlreadyThere`: so is an owner, or the address."""

    names_persons: ClassVar[bool] = True

    id: str
    email: str
    password: str


def unknown_keys(keys: Sequence[str]) -> list[str]:
    """Return those that are no keys."""
    return [key for key in keys if key not in KEYS]
