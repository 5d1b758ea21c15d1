"""One's own account, for people who work here: password, second factors, sessions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import JSONBody, PathParameter

from bus.messages.base import Instant
from bus.messages.staff import LONGEST_LABEL, AlreadyThere, Person, PersonKept, ReadPerson
from bus.messages.staff_sign_in import (
    AddStaffPasskey,
    BeginTotp,
    EndStaffSessions,
    FindCredentials,
    KeepTotp,
    ListStaffPasskeys,
    PasskeyFacts,
    RemoveStaffPasskey,
    SetOwnPassword,
    StaffCredentials,
    StaffPasskeyList,
    TotpBegun,
    TotpKept,
)
from engine import totp
from engine.patterns import whole
from gateway.access import Member, Staff, bearer, is_fresh
from gateway.api.bodies import Body, Strict, View
from gateway.api.lists import WholeListView
from gateway.api.passkeys import PasskeyList, PasskeyView, passkey_views
from gateway.api.staff_sessions import Answered, PasskeyOptions, SignedInView, Word, begin, check_password
from gateway.context import GatewayContext, Http, Injected
from gateway.problems import Problem, not_found
from gateway.recovery_codes import hash_of_code, new_codes
from gateway.sessions import Session

ADDING = "staff passkey"
SessionId = Annotated[str, PathParameter(max_length=64)]


class MeView(View, frozen=True, kw_only=True):
    """The person who is signed in. Without a second factor that the role asks for there are no keys."""

    id: str
    email: str
    name: str
    role: str
    keys: Sequence[str]
    needs_second_factor: bool
    has_totp: bool
    passkeys: int
    fresh: bool
    fresh_until: Instant


class StaffSessionView(View, frozen=True, kw_only=True):
    """A session of the person who asks."""

    id: str
    since: Instant
    seen: Instant
    ends_at: Instant
    method: str
    device: str
    network: str
    current: bool


class StaffSessions(WholeListView[StaffSessionView], frozen=True, kw_only=True):
    """The sessions of the person who asks, the newest first."""


class OwnPasswordBody(Body, frozen=True, kw_only=True):
    """The password of now, and the new one."""

    password: Word
    new_password: Word


class TotpSecret(View, frozen=True, kw_only=True):
    """A secret for an app: as a text, as an address, and as a picture to scan. It counts once a code was shown."""

    secret: str
    uri: str
    svg: str


class TotpBody(Body, frozen=True, kw_only=True):
    """A code that the app shows."""

    code: Annotated[str, msgspec.Meta(max_length=16)]


class RecoveryCodes(View, frozen=True, kw_only=True):
    """Codes for whoever has lost the second factor. Each works once, and they are shown once."""

    recovery_codes: Sequence[str]


class NewPasskey(Body, frozen=True, kw_only=True):
    """The answer of `navigator.credentials.create`, as JSON, and a name for the passkey."""

    answer: Answered
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_LABEL), whole(r"[^\x00-\x1f\x7f]+")]


class AddedPasskey(View, frozen=True, kw_only=True):
    """The passkeys, and recovery codes if there were none: they are shown once."""

    passkeys: Sequence[PasskeyView]
    recovery_codes: Sequence[str]


@get("/me", summary="Read one's own account")
async def read_own_account(context: Injected, staff: Member) -> MeView:
    """Read who is signed in, what they may, and whether the sign-in is fresh."""
    person, session = await _person(context, staff), staff.session
    assert session is not None, "only people have an account"
    fresh_s = context.staff_gate.settings.shopflow_staff_fresh_s
    return MeView(
        id=person.id,
        email=person.email,
        name=person.name,
        role=person.role,
        keys=staff.holder.keys,
        needs_second_factor=staff.holder.lacks_factor,
        has_totp=person.has_totp,
        passkeys=person.passkeys,
        fresh=is_fresh(staff, context.clock.now(), fresh_s),
        fresh_until=session.since + timedelta(seconds=fresh_s),
    )


@put(
    "/me/password",
    dto=Strict[OwnPasswordBody],
    return_dto=None,
    status_code=201,
    summary="Change one's password",
    refuses=["bad_credentials", "password_refused"],
)
async def change_own_password(
    context: Injected, request: Http, staff: Member, data: JSONBody[OwnPasswordBody]
) -> Response[SignedInView]:
    """Change one's password. All sessions end, and a new one begins."""
    person = await _person(context, staff)
    known = await context.bus.ask(FindCredentials(email=person.email))
    kept = known.password if isinstance(known, StaffCredentials) else None
    if not (await context.passwords.verify(data.password, kept)).fits:
        raise Problem(401, "bad_credentials", "This is not the password.")
    await check_password(context, data.new_password, person.email, person.name)
    encoded = await context.passwords.hash(data.new_password)
    generation = await context.bus.ask(SetOwnPassword(id=staff.id, password=encoded, by=staff.doer))
    if not isinstance(generation, int):
        raise not_found("account")
    await context.staff_gate.sessions.end_all(staff.id)
    return await begin(context, request, staff.id, generation, "password", shows_token=_has_token(request))


# --- Codes by time ---


@post("/me/totp", summary="Begin to set up codes by time")
async def begin_totp(context: Injected, staff: Member) -> TotpSecret:
    """Make a secret for an app. It counts once a code of it was shown (`PUT`); until then all is as it was."""
    begun = await context.bus.ask(BeginTotp(id=staff.id))
    if not isinstance(begun, TotpBegun):
        raise not_found("account")
    uri = totp.address(begun.secret, begun.email, context.passkeys.site.title)
    return TotpSecret(secret=begun.secret, uri=uri, svg=totp.picture(uri))


@put(
    "/me/totp",
    dto=Strict[TotpBody],
    return_dto=None,
    summary="Set up codes by time",
    refuses=["wrong_code"],
)
async def keep_totp(context: Injected, staff: Member, data: JSONBody[TotpBody]) -> RecoveryCodes:
    """Show a code of the new secret: from now on codes are asked for at each sign-in. All recovery codes are new."""
    codes = new_codes()
    ask = KeepTotp(
        id=staff.id, code=data.code, recovery_hashes=tuple(hash_of_code(code) for code in codes), by=staff.doer
    )
    if not isinstance(await context.bus.ask(ask), TotpKept):
        raise Problem(422, "wrong_code", "This is not the code of now.", field="code")
    return RecoveryCodes(recovery_codes=codes)


# --- Passkeys ---


@get("/me/passkeys", summary="List one's passkeys")
async def list_own_passkeys(context: Injected, staff: Member) -> PasskeyList:
    """List one's passkeys, the oldest first."""
    found = await context.bus.ask(ListStaffPasskeys(id=staff.id))
    return PasskeyList(items=passkey_views(found.passkeys))


@post("/me/passkeys/options", status_code=200, summary="Begin to add a passkey")
async def passkey_options_to_add(context: Injected, staff: Member) -> PasskeyOptions:
    """Return the options for `navigator.credentials.create`. Its challenge lasts five minutes."""
    person, known = await _person(context, staff), await context.bus.ask(ListStaffPasskeys(id=staff.id))
    options = await context.passkeys.options_to_add(
        ADDING, staff.id, user=staff.id.encode(), name=person.email, known=known.credential_ids
    )
    return PasskeyOptions(options=options)


@post(
    "/me/passkeys",
    dto=Strict[NewPasskey],
    return_dto=None,
    summary="Add a passkey",
    refuses=["passkey_refused", "too_many_passkeys"],
)
async def add_own_passkey(context: Injected, staff: Member, data: JSONBody[NewPasskey]) -> AddedPasskey:
    """Add a passkey. It must verify its user, and stands for password and second factor."""
    made = await context.passkeys.added(ADDING, staff.id, data.answer)
    if made is None:
        raise Problem(422, "passkey_refused", "This passkey can't be used here.", field="answer")
    codes = new_codes()
    answer = await context.bus.ask(
        AddStaffPasskey(
            id=staff.id,
            passkey=PasskeyFacts(**made._asdict()),
            label=data.label,
            recovery_hashes=tuple(hash_of_code(code) for code in codes),
            by=staff.doer,
        )
    )
    if isinstance(answer, AlreadyThere):
        raise Problem(409, "too_many_passkeys", "It is known, or there are as many as one may have.")
    if not isinstance(answer, StaffPasskeyList):
        raise not_found("account")
    return AddedPasskey(passkeys=passkey_views(answer.passkeys), recovery_codes=codes if answer.has_new_codes else [])


@delete("/me/passkeys/{passkey_id:str}", status_code=200, summary="Remove a passkey", refuses=["not_found"])
async def remove_own_passkey(context: Injected, staff: Member, passkey_id: SessionId) -> PasskeyList:
    """Remove a passkey. The only second factor stays until there is another."""
    answer = await context.bus.ask(RemoveStaffPasskey(id=staff.id, passkey=passkey_id, by=staff.doer))
    if not isinstance(answer, StaffPasskeyList):
        raise not_found("passkey")
    return PasskeyList(items=passkey_views(answer.passkeys))


# --- Sessions ---


@get("/me/sessions", summary="List one's sessions")
async def list_own_sessions(context: Injected, staff: Member) -> StaffSessions:
    """List one's sessions, the newest first."""
    own = staff.session.id if staff.session else ""
    found = [each for each in await context.staff_gate.sessions.of(staff.id) if _is_valid(each, staff)]
    return StaffSessions(items=[_session(each, own) for each in found])


@delete("/me/sessions/{session_id:str}", summary="End one of one's sessions", refuses=["not_found"])
async def end_own_session(context: Injected, staff: Member, session_id: SessionId) -> None:
    """End one of one's sessions."""
    if not await context.staff_gate.sessions.end(staff.id, session_id):
        raise not_found("session")


@delete("/me/sessions", summary="End all of one's sessions")
async def end_own_sessions(context: Injected, staff: Member) -> None:
    """End all of one's sessions, the one that asks among them."""
    await context.bus.ask(EndStaffSessions(id=staff.id, by=staff.doer))
    await context.staff_gate.sessions.end_all(staff.id)


async def _person(context: GatewayContext, staff: Staff) -> Person:
    found = await context.bus.ask(ReadPerson(id=staff.id))
    if not isinstance(found, PersonKept):
        raise not_found("account")
    return found.person


def _has_token(request: Http) -> bool:
    """Whether a session was shown as a bearer, so that the next one is, too."""
    return bool(bearer(request))


def _is_valid(session: Session, staff: Staff) -> bool:
    return session.generation == staff.holder.generation


def _session(session: Session, own: str) -> StaffSessionView:
    return StaffSessionView(
        id=session.id,
        since=session.since,
        seen=session.seen,
        ends_at=session.ends_at,
        method=session.method,
        device=session.device,
        network=session.network,
        current=session.id == own,
    )


STAFF = [
    read_own_account, change_own_password, begin_totp, keep_totp, list_own_passkeys, passkey_options_to_add,
    add_own_passkey, remove_own_passkey, list_own_sessions, end_own_session, end_own_sessions,
]  # fmt: skip
