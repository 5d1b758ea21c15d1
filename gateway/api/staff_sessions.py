"""Signing in and out, for people who work here: by password and second factor, by passkey, or first by a link."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, delete, post, put
from litestar.params import FromQuery, JSONBody

from bus.messages.staff import FindInvited, Join, PersonKept
from bus.messages.staff_sign_in import (
    FactorProven,
    FindCredentials,
    FindPasskey,
    NotePasskeyUse,
    NoteSignIn,
    PasskeyFound,
    ProveFactor,
    StaffCredentials,
)
from engine.passkeys import Passkey, credential_id_of
from engine.passwords import Verified
from engine.tokens import hash_of_token
from gateway import openapi, security_log
from gateway.access import Member, doer_of, shown_token
from gateway.api.bodies import Body, Strict, View
from gateway.client_address import network_of
from gateway.context import GatewayContext, Http, Injected, client_address, index_of
from gateway.customers import device_name
from gateway.problems import Problem, not_found, too_many
from gateway.recovery_codes import hash_of_code

PURPOSE: Final = "staff sign-in"
_LONGEST: Final = 1024  # Characters of a password; longer ones than may be set are wrong like any other.

Word = Annotated[str, msgspec.Meta(max_length=_LONGEST)]
Address = Annotated[str, msgspec.Meta(max_length=254)]
Answered = Annotated[dict[str, Any], msgspec.Meta(max_length=20)]


class SignInBody(Body, frozen=True, kw_only=True):
    """An address and a password, with a code by time or a recovery code if there is a second factor."""

    email: Address
    password: Word
    totp: Annotated[str, msgspec.Meta(max_length=16)] | None = None
    recovery_code: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class StaffPasskeyBody(Body, frozen=True, kw_only=True):
    """The answer of `navigator.credentials`, as JSON."""

    answer: Answered


class InvitationBody(Body, frozen=True, kw_only=True):
    """The token of a link that invites."""

    token: Annotated[str, msgspec.Meta(max_length=100)]


class JoinBody(InvitationBody, frozen=True, kw_only=True):
    """The token, and the password to sign in with from now on."""

    password: Word


class SignedInView(View, frozen=True, kw_only=True):
    """A session that has begun. `token` is for programs that ask for it by `?token=1`; browsers have a cookie."""

    id: str
    person: str
    ends_at: str
    token: str | None = None


class InvitationView(View, frozen=True, kw_only=True):
    """The person whom a link invites."""

    email: str
    name: str
    role: str


class PasskeyOptions(View, frozen=True, kw_only=True):
    """Options for `navigator.credentials`."""

    options: dict[str, Any]


@post(
    "/sessions",
    dto=Strict[SignInBody],
    return_dto=None,
    summary="Sign in",
    refuses=["bad_credentials", "second_factor_required"],
)
async def sign_in(
    context: Injected, request: Http, data: JSONBody[SignInBody], token: FromQuery[bool] = False
) -> Response[SignedInView]:
    """Sign in by password and, where one is set up, second factor. It is fresh for some minutes: see `me`.

    An unknown address is answered like a wrong password, in the same time.
    """
    _charge(context, request, data.email)
    found = await context.bus.ask(FindCredentials(email=data.email))
    known = found if isinstance(found, StaffCredentials) else None
    verified = await context.passwords.verify(data.password, known.password if known else None)
    if known is None or not verified.fits:
        raise _refused(context, request, known.id if known else "")
    method = "password"
    if known.has_totp or known.has_passkey:
        method = await _proven(context, request, known, data)
    await _note(context, request, known.id, verified)
    context.staff_gate.signed_in(index_of(context, data.email), client_address(request))
    return await begin(context, request, known.id, known.generation, method, shows_token=token)


@post("/sessions/passkey/options", status_code=200, summary="Begin to sign in by a passkey")
async def begin_passkey_sign_in(context: Injected) -> PasskeyOptions:
    """Return the options for `navigator.credentials.get`. Its challenge lasts five minutes."""
    return PasskeyOptions(options=await context.passkeys.options_to_use(PURPOSE))


@post(
    "/sessions/passkey",
    dto=Strict[StaffPasskeyBody],
    return_dto=None,
    summary="Sign in by a passkey",
    refuses=["bad_credentials"],
)
async def passkey_sign_in(
    context: Injected, request: Http, data: JSONBody[StaffPasskeyBody], token: FromQuery[bool] = False
) -> Response[SignedInView]:
    """Sign in by a passkey: it stands for password and second factor, since it verifies its user."""
    _charge_address(context, request)
    credential_id = credential_id_of(data.answer) or b""
    found = await context.bus.ask(FindPasskey(credential_id=credential_id))
    known = found if isinstance(found, PasskeyFound) else None
    passkey = Passkey(*msgspec.structs.astuple(known.passkey)) if known else None
    used = await context.passkeys.used(PURPOSE, "", data.answer, passkey)
    if known is None or used is None:
        raise _refused(context, request, known.person if known else "")
    noted = NotePasskeyUse(
        credential_id=credential_id,
        sign_count=used.sign_count,
        is_backed_up=used.is_backed_up,
        by=doer_of(request, known.person),
    )
    if not await context.bus.ask(noted):
        raise _refused(context, request, known.person)
    return await begin(context, request, known.person, known.generation, "passkey", shows_token=token)


@delete("/sessions", security=[openapi.STAFF], status_code=204, summary="Sign out")
async def sign_out(context: Injected, staff: Member) -> Response[None]:
    """End the session that asks."""
    assert staff.session is not None, "only people sign in"
    await context.staff_gate.sessions.end(staff.id, staff.session.id)
    return Response(None, status_code=204, headers={"Set-Cookie": context.staff_gate.sessions.no_cookie()})


@post(
    "/invitations",
    dto=Strict[InvitationBody],
    return_dto=None,
    status_code=200,
    summary="Read an invitation",
    refuses=["not_found"],
)
async def read_invitation(context: Injected, request: Http, data: JSONBody[InvitationBody]) -> InvitationView:
    """Read whom a link invites. It changes nothing; the token is in the body, so that no log has it."""
    _charge_address(context, request)
    found = await context.bus.ask(FindInvited(token_hash=hash_of_token(data.token)))
    if not isinstance(found, PersonKept):
        raise not_found("invitation")
    return InvitationView(email=found.person.email, name=found.person.name, role=found.person.role)


@put(
    "/invitations",
    dto=Strict[JoinBody],
    return_dto=None,
    status_code=201,
    summary="Accept an invitation",
    refuses=["not_found", "password_refused"],
)
async def join(
    context: Injected, request: Http, data: JSONBody[JoinBody], token: FromQuery[bool] = False
) -> Response[SignedInView]:
    """Accept an invitation: the link is used up, the password is set, and a session begins."""
    _charge_address(context, request)
    token_hash = hash_of_token(data.token)
    found = await context.bus.ask(FindInvited(token_hash=token_hash))
    if not isinstance(found, PersonKept):
        raise not_found("invitation")
    person = found.person
    await check_password(context, data.password, person.email, person.name)
    encoded = await context.passwords.hash(data.password)
    joined = await context.bus.ask(Join(token_hash=token_hash, password=encoded, by=doer_of(request, person.id)))
    if not isinstance(joined, PersonKept):
        raise not_found("invitation")
    credentials = await context.bus.ask(FindCredentials(email=person.email))
    if not isinstance(credentials, StaffCredentials):
        raise not_found("invitation")
    return await begin(context, request, person.id, credentials.generation, "link", shows_token=token)


async def check_password(context: GatewayContext, password: str, *about: str) -> None:
    """Refuse a password that is easily guessed.

    Raises:
        Problem: 422 `password_refused`, with its reason.
    """
    if weakness := await context.passwords.weakness(password, [each for each in about if each]):
        raise Problem(422, "password_refused", "Please choose another password.", field="password", reason=weakness)


async def begin(
    context: GatewayContext, request: Http, person: str, generation: int, method: str, *, shows_token: bool
) -> Response[SignedInView]:
    """Begin a session in place of the one that this browser had."""
    sessions = context.staff_gate.sessions
    begun = await sessions.begin(
        person,
        generation,
        method=method,
        device=device_name(request.headers.get("user-agent", "")),
        network=network_of(client_address(request)),
        instead_of=shown_token(request),
    )
    view = SignedInView(
        id=begun.session.id,
        person=person,
        ends_at=begun.session.ends_at.isoformat(),
        token=begun.token if shows_token else None,
    )
    headers = {} if shows_token else {"Set-Cookie": sessions.cookie(begun.token)}
    return Response(view, status_code=201, headers=headers)


async def _proven(context: GatewayContext, request: Http, known: StaffCredentials, data: SignInBody) -> str:
    """Use up the second factor of a sign-in, and return the method of it."""
    if not data.totp and not data.recovery_code:
        raise Problem(401, "second_factor_required", "This account has a second factor: send its code, too.")
    code_hash = hash_of_code(data.recovery_code) if data.recovery_code else b""
    answer = await context.bus.ask(ProveFactor(id=known.id, code=data.totp or "", recovery_hash=code_hash))
    if not isinstance(answer, FactorProven):
        raise _refused(context, request, known.id)
    return "password and recovery code" if code_hash else "password and code"


async def _note(context: GatewayContext, request: Http, person: str, verified: Verified) -> None:
    noted = NoteSignIn(id=person, is_refused=False, rehashed=verified.rehashed, by=doer_of(request, person))
    await context.bus.ask(noted)


def _refused(context: GatewayContext, request: Http, person: str) -> Problem:
    """Note that a sign-in was refused, and return the one answer for whatever was wrong.

    Nobody waits for the record: it would tell by its time who has an account. Of unknown addresses there is none:
    strangers could make it grow.
    """
    security_log.warn("staff sign-in refused", about=person or "nobody", address=client_address(request))
    if person:
        context.bus.tell(NoteSignIn(id=person, is_refused=True, by=doer_of(request, person)))
    return Problem(401, "bad_credentials", "This is not an account, or not its password or code.")


def _charge(context: GatewayContext, request: Http, email: str) -> None:
    if wait_s := context.staff_gate.wait_s(index_of(context, email), client_address(request)):
        raise too_many(wait_s, "Too many tries to sign in.")


def _charge_address(context: GatewayContext, request: Http) -> None:
    if wait_s := context.staff_gate.address_wait_s(client_address(request)):
        raise too_many(wait_s, "Too many tries to sign in.")


# To come in nobody has to be signed in: the guard knows it by their lines in gateway/rights.py.
ENTRY = [sign_in, begin_passkey_sign_in, passkey_sign_in, read_invitation, join, sign_out]
