"""Proofs of who a customer is: reset, changed, taken back. No GET does anything: links of mails lead to a page."""

from litestar import Response, post, put
from litestar.params import FromPath, JSONBody

from bus.messages.customer import (
    ChangePassword,
    ConfirmEmailChange,
    ReadCredentials,
    RequestEmailChange,
    ResetPassword,
    SignedIn,
    UndoEmailChange,
)
from engine.passwords import PasswordsBusy
from gateway import security_log
from gateway.api.bodies import Body, Strict
from gateway.api.customer.bodies import (
    Code,
    Email,
    EmailBody,
    Password,
    SentView,
    SessionMadeView,
    Token,
    bad_credentials,
    charge_login,
    charge_mail,
    hashed,
    let_in,
    read_profile,
    signed_in,
)
from gateway.api.customer.signing_in import send_code, sent
from gateway.buyers import read_email
from gateway.context import GatewayContext, Http, Injected, client_address, index_of
from gateway.customers import CurrentCustomer, check_fresh, session_cookie
from gateway.problems import too_many


class NewPasswordBody(Body, frozen=True, kw_only=True):
    """A new password."""

    password: Password


class PasswordBody(Body, frozen=True, kw_only=True):
    """A new password, and the present one, if there is one."""

    password: Password
    present: Password | None = None


class NewEmailBody(Body, frozen=True, kw_only=True):
    """A new address, and the code that was sent to it."""

    email: Email
    code: Code


class TokenBody(Body, frozen=True, kw_only=True):
    """The token of a mail's link."""

    token: Token


@post(
    "/password-resets",
    status_code=202,
    dto=Strict[EmailBody],
    return_dto=None,
    summary="Ask for a new password",
)
async def request_reset(context: Injected, request: Http, data: JSONBody[EmailBody]) -> SentView:
    """Ask for a mail that lets one choose a new password. An address without an account gets one that says so."""
    return await send_code(context, request, data.email, purpose="reset")


@put(
    "/password-resets/{token:str}",
    dto=Strict[NewPasswordBody],
    return_dto=None,
    summary="Choose a new password",
    refuses=["bad_code", "weak_password"],
)
async def reset_password(
    context: Injected, request: Http, token: FromPath[str], data: JSONBody[NewPasswordBody]
) -> SentView:
    """Set a new password with the token of a mail. All sessions end; a mail says that it was changed."""
    charge_login(context, request)
    password = await hashed(context, data.password)
    changed = let_in(await context.bus.ask(ResetPassword(token=token[:200], password=password)))
    await _everybody_out(context, changed)
    await context.tries.clear(index_of(context, (await read_profile(context, changed.customer_id)).email))
    security_log.note("password reset", about=changed.customer_id, address=client_address(request))
    return SentView()


@put(
    "/password",
    dto=Strict[PasswordBody],
    return_dto=None,
    status_code=201,
    summary="Change the password",
    refuses=["bad_credentials", "weak_password", "fresh_login_required"],
)
async def change_password(
    context: Injected, request: Http, customer: CurrentCustomer, data: JSONBody[PasswordBody]
) -> Response[SessionMadeView]:
    """Change the password. All other sessions end, and this one is a new one.

    Whoever has no password yet sets one within ten minutes after signing in.
    """
    profile = await read_profile(context, customer.id)
    present = await proven_again(context, request, customer, data.present)
    password = await hashed(context, data.password, profile.email, profile.name)
    changed = let_in(await context.bus.ask(ChangePassword(customer_id=customer.id, present=present, password=password)))
    await _everybody_out(context, changed)
    security_log.note("password changed", about=customer.id, address=client_address(request))
    return await signed_in(context, request, changed, method=customer.session.method, as_token=_is_program(request))


@post(
    "/email",
    status_code=202,
    dto=Strict[EmailBody],
    return_dto=None,
    summary="Ask for another address",
    refuses=["fresh_login_required"],
)
async def request_email_change(
    context: Injected, request: Http, customer: CurrentCustomer, data: JSONBody[EmailBody]
) -> SentView:
    """Ask for another address. A code is sent there; nothing changes before it is entered."""
    check_fresh(customer, context)
    email = read_email(data.email)
    index = index_of(context, email)
    charge_mail(context, request, index)
    await context.bus.ask(RequestEmailChange(customer_id=customer.id, email_index=index, email=email))
    return SentView()


@post(
    "/email/confirm",
    dto=Strict[NewEmailBody],
    return_dto=None,
    summary="Prove the new address",
    refuses=["bad_code"],
)
async def confirm_email_change(
    context: Injected, request: Http, customer: CurrentCustomer, data: JSONBody[NewEmailBody]
) -> Response[SessionMadeView]:
    """Take the new address, with its code. All other sessions end; the former address gets a way back for a week."""
    index = index_of(context, read_email(data.email))
    ask = ConfirmEmailChange(customer_id=customer.id, email_index=index, code=data.code.strip())
    changed = let_in(await context.bus.ask(ask))
    await _everybody_out(context, changed)
    security_log.note("address changed", about=customer.id, address=client_address(request))
    return await signed_in(context, request, changed, method=customer.session.method, as_token=_is_program(request))


@post(
    "/email-undo",
    status_code=200,
    dto=Strict[TokenBody],
    return_dto=None,
    summary="Take an address back",
    refuses=["bad_code"],
)
async def undo_email_change(context: Injected, request: Http, data: JSONBody[TokenBody]) -> Response[SentView]:
    """Give an account its former address back, with the token of the mail there.

    All sessions end, and the password and the passkeys are void: whoever changed the address had one of them.
    """
    charge_login(context, request)
    undone = let_in(await context.bus.ask(UndoEmailChange(token=data.token)))
    await _everybody_out(context, undone)
    security_log.note("address taken back", about=undone.customer_id, address=client_address(request))
    return sent(session_cookie(context, ""), status_code=200)


async def proven_again(
    context: GatewayContext, request: Http, customer: CurrentCustomer, password: str | None
) -> str | None:
    """Return the hash of the password that a customer has shown again; None if they have none, and signed in just now.

    Raises:
        Problem: The password is not right, or the sign-in too long ago.
    """
    known = await context.bus.ask(ReadCredentials(customer_id=customer.id))
    if known.password is None:
        check_fresh(customer, context)
        return None
    tried = await context.tries.begin(customer.id, "")
    if tried.wait_s:
        raise too_many(tried.wait_s, "Too many wrong passwords. Try again later.")
    try:
        verified = await context.passwords.verify(password or "", known.password)
    except PasswordsBusy as busy:
        await context.tries.give_back(tried)
        raise too_many(busy.retry_after_s or 1.0, "Too many sign in at this moment.") from busy
    if not verified.fits:
        security_log.warn("password not right", about=customer.id, address=client_address(request))
        raise bad_credentials()
    await context.tries.give_back(tried)
    return known.password


async def _everybody_out(context: GatewayContext, changed: SignedIn) -> None:
    """End what Redis has of a customer's sessions: they are void already."""
    context.updates.publish_ended_sessions(await context.customers.end_all(changed.customer_id))


def _is_program(request: Http) -> bool:
    return request.headers.get("authorization", "").lower().startswith("bearer ")


PUBLIC = [request_reset, reset_password, undo_email_change]
OWN = [change_password, request_email_change, confirm_email_change]
