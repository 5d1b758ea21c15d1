"""People who work here, roles, tokens of programs, and the record of what was done."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from bus.messages.base import Instant, new_id
from bus.messages.staff import (
    LONGEST_LABEL,
    RESOURCES,
    AccessToken,
    AlreadyThere,
    ChangePerson,
    Invite,
    Lacks,
    LastOwner,
    ListPeople,
    ListRoles,
    ListTokens,
    MakeToken,
    NoSuchThing,
    Person,
    PersonKept,
    Reinvite,
    RemoveRole,
    RevokeToken,
    Role,
    RoleKept,
    SetRole,
    TokenKept,
    UserState,
)
from bus.messages.staff_acts import ListActs, RecordedAct
from engine.patterns import whole
from engine.tokens import hash_of_token
from gateway.access import Member, new_token
from gateway.api.bodies import Body, Strict, View
from gateway.api.lists import Limit, ListView, WholeListView
from gateway.context import Injected
from gateway.problems import Problem, not_found
from gateway.staff_links import INVITATION_S, link_to_join, new_invitation

_MOST_DAYS: Final = 3650
_NEWEST: Final = 2**63 - 1
_DAY_S: Final = int(timedelta(days=1).total_seconds())
_KEY: Final = rf"(read|write)_({'|'.join(RESOURCES)})"

KeyName = Annotated[str, whole(_KEY)]
KeyList = Annotated[list[KeyName], msgspec.Meta(max_length=2 * len(RESOURCES))]
Email = Annotated[str, msgspec.Meta(max_length=254), whole(r"[^\s@]{1,64}@[^\s@]{1,190}")]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_LABEL), whole(r"[^\x00-\x1f\x7f]+")]
RoleName = Annotated[str, msgspec.Meta(max_length=32)]
Id = Annotated[str, PathParameter(max_length=64)]
RolePath = Annotated[str, PathParameter(max_length=32, pattern=r"^[a-z][a-z0-9_-]{0,31}$(?!\n)")]
ActId = Annotated[int, QueryParameter(ge=1, le=_NEWEST)]


class PersonView(View, frozen=True, kw_only=True):
    """A person who works here."""

    id: str
    email: str
    name: str
    role: str
    state: UserState
    has_totp: bool
    passkeys: int
    created_at: Instant


class StaffList(WholeListView[PersonView], frozen=True, kw_only=True):
    """All people who work here."""


class InvitedView(View, frozen=True, kw_only=True):
    """A person who is invited, and the link to hand over: it works once, and is shown once."""

    person: PersonView
    link: str
    expires_in_s: int


class InviteBody(Body, frozen=True, kw_only=True):
    """A person to invite."""

    email: Email
    name: Line
    role: RoleName


class PersonChange(Body, frozen=True, kw_only=True):
    """The changes to a person."""

    role: RoleName | None = None
    disabled: bool | None = None


class RoleView(View, frozen=True, kw_only=True):
    """A role: a set of keys. Fixed ones are in every shop."""

    id: str
    title: str
    keys: Sequence[str]
    fixed: bool
    refund_limit: int | None


class StaffRoles(WholeListView[RoleView], frozen=True, kw_only=True):
    """All roles."""


class RoleBody(Body, frozen=True, kw_only=True):
    """All of a role."""

    title: Line
    keys: KeyList
    refund_limit: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None  # Minor units; null: as the setting says.


class TokenView(View, frozen=True, kw_only=True):
    """A token of a program, without its secret."""

    id: str
    label: str
    keys: Sequence[str]
    made_by: str
    created_at: Instant
    expires_at: Instant
    revoked_at: Instant | None


class Tokens(WholeListView[TokenView], frozen=True, kw_only=True):
    """All tokens, the oldest first."""


class NewToken(View, frozen=True, kw_only=True):
    """A new token. It is shown once."""

    token: str
    about: TokenView


class NewTokenBody(Body, frozen=True, kw_only=True):
    """A token to make."""

    label: Line
    keys: Annotated[KeyList, msgspec.Meta(min_length=1)]
    days: Annotated[int, msgspec.Meta(ge=1, le=_MOST_DAYS)] = 90


class ActView(View, frozen=True, kw_only=True):
    """Something that was done, or asked for. `link` is the hash of this act and of the link before."""

    id: int
    at: Instant
    by: str
    key: str
    what: str
    about: str
    before: str
    after: str
    address: str
    request_id: str
    link: str


class Actions(ListView[ActView], frozen=True, kw_only=True):
    """Acts, the newest first."""


# --- People ---


@get("/staff", summary="List people who work here")
async def list_staff(context: Injected) -> StaffList:
    """List all people who work here, by when they were invited."""
    found = await context.bus.ask(ListPeople())
    return StaffList(items=[_person(each) for each in found.people])


@post(
    "/staff",
    dto=Strict[InviteBody],
    return_dto=None,
    summary="Invite a person",
    refuses=["lacks_rights", "unknown_role", "person_exists"],
)
async def invite_person(context: Injected, staff: Member, data: JSONBody[InviteBody]) -> InvitedView:
    """Invite a person by a link that works once, for three days. Nobody gives a role with keys that they lack."""
    token = new_invitation()
    answer = await context.bus.ask(
        Invite(
            id=new_id("stf"),
            email=data.email,
            name=data.name,
            role=data.role,
            token_hash=hash_of_token(token),
            valid_s=INVITATION_S,
            by=staff.doer,
        )
    )
    return _invited(answer, link_to_join(context, token))


@post(
    "/staff/{person_id:str}/invitation",
    summary="Invite a person anew",
    refuses=["not_found", "lacks_rights", "last_owner"],
)
async def reinvite_person(context: Injected, staff: Member, person_id: Id) -> InvitedView:
    """Invite a person anew who has lost all ways in. The password and all factors of before are void at once."""
    token = new_invitation()
    ask = Reinvite(id=person_id, token_hash=hash_of_token(token), valid_s=INVITATION_S, by=staff.doer)
    answer = await context.bus.ask(ask)
    if isinstance(answer, NoSuchThing):
        raise not_found("person")
    return _invited(answer, link_to_join(context, token))


@patch(
    "/staff/{person_id:str}",
    dto=Strict[PersonChange],
    return_dto=None,
    summary="Change a person's role, or disable the person",
    refuses=["not_found", "lacks_rights", "last_owner"],
)
async def change_person(context: Injected, staff: Member, person_id: Id, data: JSONBody[PersonChange]) -> PersonView:
    """Give a person another role, disable them, or enable them again. Their sessions end. The last owner stays."""
    ask = ChangePerson(id=person_id, role=data.role, is_disabled=data.disabled, by=staff.doer)
    answer = await context.bus.ask(ask)
    if isinstance(answer, PersonKept):
        return _person(answer.person)
    raise _refusal(answer, "person or role")


# --- Roles ---


@get("/roles", summary="List roles")
async def list_roles(context: Injected) -> StaffRoles:
    """List the roles that every shop has, and then its own."""
    found = await context.bus.ask(ListRoles())
    return StaffRoles(items=[_role(each) for each in found.roles])


@put(
    "/roles/{role_id:str}",
    dto=Strict[RoleBody],
    return_dto=None,
    summary="Set a role",
    refuses=["not_found", "lacks_rights", "too_many_roles"],
)
async def set_role(context: Injected, staff: Member, role_id: RolePath, data: JSONBody[RoleBody]) -> RoleView:
    """Make a role, or give it other keys. Those that every shop has stay as they are.

    `refund_limit` is what one person with the role may refund of an order, in minor units; only owners set it.
    """
    answer = await context.bus.ask(
        SetRole(id=role_id, title=data.title, keys=tuple(data.keys), refund_limit=data.refund_limit, by=staff.doer)
    )
    if isinstance(answer, RoleKept):
        return _role(answer.role)
    if isinstance(answer, AlreadyThere):
        raise Problem(409, "too_many_roles", "There are as many roles as there may be.")
    raise _refusal(answer, "role that could be changed")


@delete("/roles/{role_id:str}", summary="Remove a role", refuses=["not_found", "lacks_rights", "role_in_use"])
async def remove_role(context: Injected, staff: Member, role_id: RolePath) -> None:
    """Remove a role that nobody has."""
    answer = await context.bus.ask(RemoveRole(id=role_id, by=staff.doer))
    if isinstance(answer, AlreadyThere):
        raise Problem(409, "role_in_use", "People have this role.")
    if not isinstance(answer, RoleKept):
        raise _refusal(answer, "role that could be removed")


# --- Tokens ---


@get("/tokens", summary="List tokens of programs")
async def list_tokens(context: Injected) -> Tokens:
    """List all tokens, also those that have expired or were revoked."""
    found = await context.bus.ask(ListTokens())
    return Tokens(items=[_token(each) for each in found.tokens])


@post(
    "/tokens",
    dto=Strict[NewTokenBody],
    return_dto=None,
    summary="Make a token of a program",
    refuses=["lacks_rights", "too_many_tokens"],
)
async def make_token(context: Injected, staff: Member, data: JSONBody[NewTokenBody]) -> NewToken:
    """Make a token with some of one's own keys. The token is shown once; only its hash is stored."""
    token = new_token()
    answer = await context.bus.ask(
        MakeToken(
            hash=hash_of_token(token),
            label=data.label,
            keys=tuple(data.keys),
            valid_s=data.days * _DAY_S,
            by=staff.doer,
        )
    )
    if isinstance(answer, TokenKept):
        return NewToken(token=token, about=_token(answer.token))
    if isinstance(answer, AlreadyThere):
        raise Problem(409, "too_many_tokens", "There are as many valid tokens as there may be.")
    raise _refusal(answer, "token")


@delete("/tokens/{token_id:str}", summary="Revoke a token", refuses=["not_found"])
async def revoke_token(context: Injected, staff: Member, token_id: Id) -> None:
    """Revoke a token at once."""
    if not isinstance(await context.bus.ask(RevokeToken(id=token_id, by=staff.doer)), TokenKept):
        raise not_found("token")


# --- Acts ---


@get("/actions", summary="List what was done")
async def list_actions(
    context: Injected,
    limit: Limit = 20,
    cursor: ActId = _NEWEST,
    by: FromQuery[str] = "",
    about: FromQuery[str] = "",
) -> Actions:
    """List what people, programs and commands did, the newest first; by whom, or about what path or id."""
    page = await context.bus.ask(ListActs(limit=limit, before=cursor, by=by, about=about))
    return Actions(items=[_act(each) for each in page.acts], next=None if page.next is None else str(page.next))


def _person(person: Person) -> PersonView:
    return PersonView(**msgspec.structs.asdict(person))


def _role(role: Role) -> RoleView:
    return RoleView(id=role.id, title=role.title, keys=role.keys, fixed=role.is_fixed, refund_limit=role.refund_limit)


def _token(token: AccessToken) -> TokenView:
    return TokenView(**msgspec.structs.asdict(token))


def _act(recorded: RecordedAct) -> ActView:
    act = msgspec.structs.asdict(recorded.act)
    return ActView(id=recorded.id, at=recorded.at, link=recorded.link.hex(), **act)


def _invited(answer: PersonKept | Lacks | LastOwner | AlreadyThere | NoSuchThing, link: str) -> InvitedView:
    if isinstance(answer, PersonKept):
        return InvitedView(person=_person(answer.person), link=link, expires_in_s=INVITATION_S)
    if isinstance(answer, AlreadyThere):
        raise Problem(409, "person_exists", "This address is that of a person who works here.")
    if isinstance(answer, NoSuchThing):
        raise Problem(422, "unknown_role", "There is no such role.", field="role")
    raise _refusal(answer, "person")


def _refusal(answer: Lacks | LastOwner | NoSuchThing, what: str) -> Problem:
    if isinstance(answer, Lacks):
        detail = f"You lack {', '.join(answer.keys)}." if answer.keys else "Only an owner may do this."
        return Problem(403, "lacks_rights", detail, keys=list(answer.keys))
    if isinstance(answer, LastOwner):
        return Problem(409, "last_owner", "The shop would have no owner any more.")
    return not_found(what)


STAFF = [
    list_staff, invite_person, reinvite_person, change_person, list_roles, set_role, remove_role, list_tokens,
    make_token, revoke_token, list_actions,
]  # fmt: skip
