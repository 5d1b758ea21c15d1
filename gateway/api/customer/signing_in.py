"""Signing up, in and out.

Known and unknown addresses get the same answers, after the same work: a password is hashed or compared whoever it
belongs to, and each request that sends a mail sends one.
"""

import secrets
from typing import Annotated

import msgspec
from litestar import Response, delete, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery, JSONBody

from bus.messages.customer import (
    LogIn,
    LogInWithCode,
    ReadCredentials,
    Register,
    RequestCode,
    SignedIn,
    VerifyRegistration,
)
from engine.passwords import PasswordsBusy
from engine.tokens import hash_of_token
from gateway import security_log
from gateway.api.bodies import Body, Strict
from gateway.api.customer.bodies import (
    CartKey,
    Code,
    Email,
    EmailBody,
    Name,
    Password,
    SentView,
    SessionMadeView,
    answer,
    bad_credentials,
    charge,
    charge_login,
    charge_mail,
    hashed,
    let_in,
    signed_in,
)
from gateway.buyers import read_email, read_name
from gateway.client_address import network_of
from gateway.context import GatewayContext, Http, Injected, client_address, index_of
from gateway.customers import (
    customer_of,
    end_for_good,
    registration_cookie,
    session_cookie,
    shown_device,
    shown_registration,
)
from gateway.problems import too_many
from gateway.same_site import is_browser


class RegistrationBody(Body, frozen=True, kw_only=True):
    """A person who wants an account."""

    email: Email
    password: Password
    name: Name
    locale: Annotated[str, msgspec.Meta(max_length=20)] = ""


class CodeBody(Body, frozen=True, kw_only=True):
    """An address, and the code that was sent to it. `cart_id` is the cart to be merged with the customer's."""

    email: Email
    code: Code
    cart_id: CartKey | None = None


class LoginBody(Body, frozen=True, kw_only=True):
    """An address and a password. `cart_id` is the cart to be merged with the customer's."""

    email: Email
    password: Password
    cart_id: CartKey | None = None


@post(
    "/customers",
    status_code=202,
    dto=Strict[RegistrationBody],
    return_dto=None,
    summary="Ask for an account",
    refuses=["weak_password"],
)
async def register(context: Injected, request: Http, data: JSONBody[RegistrationBody]) -> Response[SentView]:
    """Ask for an account. A mail brings a code of six digits; if the address has an account, the mail says so."""
    email, name = read_email(data.email), read_name(data.name)
    index = index_of(context, email)
    charge(context, request, "sign_ups", (context.guard.sign_ups, network_of(client_address(request))))
    charge_mail(context, request, index)
    password, browser = await hashed(context, data.password, email, name), secrets.token_urlsafe(24)
    await context.bus.ask(
        Register(
            email_index=index,
            email=email,
            name=name,
            password=password,
            browser=hash_of_token(browser).hex(),
            locale=data.locale,
        )
    )
    return sent(registration_cookie(context, browser))


@post(
    "/customers/verify",
    dto=Strict[CodeBody],
    return_dto=None,
    summary="Prove an address and open its account",
    refuses=["bad_code"],
)
async def verify(
    context: Injected, request: Http, data: JSONBody[CodeBody], token: FromQuery[bool] = False
) -> Response[SessionMadeView]:
    """Open the account that was asked for, with the code of the mail, and begin a session.

    In another browser than the one that asked, the account has no password and no name yet: whoever asked for it may be
    somebody else.
    """
    charge_login(context, request)
    index = index_of(context, read_email(data.email))
    shown = shown_registration(context, request)
    browser = hash_of_token(shown).hex() if shown or is_browser(request) else None
    ask = VerifyRegistration(email_index=index, code=data.code.strip(), browser=browser)
    opened = let_in(await context.bus.ask(ask))
    return await signed_in(context, request, opened, method="code", as_token=token, cart_id=data.cart_id or "")


@post(
    "/sessions",
    dto=Strict[LoginBody],
    return_dto=None,
    summary="Sign in with a password",
    refuses=["bad_credentials"],
)
async def log_in(
    context: Injected, request: Http, data: JSONBody[LoginBody], token: FromQuery[bool] = False
) -> Response[SessionMadeView]:
    """Begin a session of 24 hours. After too many failures passwords are refused for a while; codes are not."""
    charge_login(context, request)
    index = index_of(context, read_email(data.email))
    account = await _proven(context, request, index, data.password)
    return await signed_in(context, request, account, method="password", as_token=token, cart_id=data.cart_id or "")


@post(
    "/login-codes",
    status_code=202,
    dto=Strict[EmailBody],
    return_dto=None,
    summary="Ask for a code to sign in",
)
async def request_login_code(context: Injected, request: Http, data: JSONBody[EmailBody]) -> SentView:
    """Ask for a mail with a code to sign in with. An address without an account gets a mail that says so."""
    return await send_code(context, request, data.email, purpose="login")


@post(
    "/sessions/code",
    dto=Strict[CodeBody],
    return_dto=None,
    summary="Sign in with a code",
    refuses=["bad_code"],
)
async def log_in_with_code(
    context: Injected, request: Http, data: JSONBody[CodeBody], token: FromQuery[bool] = False
) -> Response[SessionMadeView]:
    """Begin a session of 24 hours with the code of a mail."""
    charge_login(context, request)
    index = index_of(context, read_email(data.email))
    entered = let_in(await context.bus.ask(LogInWithCode(email_index=index, code=data.code.strip())))
    return await signed_in(context, request, entered, method="code", as_token=token, cart_id=data.cart_id or "")


@delete("/sessions", status_code=200, summary="Sign out")
async def log_out(context: Injected, request: Http) -> Response[SentView]:
    """End the session of this browser or program. Without one it does nothing."""
    customer = await customer_of(request)
    if customer is not None:
        await end_for_good(context, customer.session)
        ended = await context.customers.end(customer.id, customer.session.id)
        context.updates.publish_ended_sessions(ended)
    return sent(session_cookie(context, ""), status_code=200)


async def send_code(context: GatewayContext, request: Http, typed: str, *, purpose: str) -> SentView:
    """Send a code or a token to an address, whether it has an account or not."""
    email = read_email(typed)
    index = index_of(context, email)
    charge_mail(context, request, index)
    ask = RequestCode(email_index=index, purpose="reset" if purpose == "reset" else "login", email=email)
    await context.bus.ask(ask)
    return SentView()


async def _proven(context: GatewayContext, request: Http, index: str, password: str) -> SignedIn:
    """Return who is let in by a password.

    Raises:
        Problem: Nobody: it is not right, or not to be tried now.
    """
    tried = await context.tries.begin(index, shown_device(context, request))
    if tried.wait_s:
        context.guard.refusals.note("passwords", client_address(request))
        raise too_many(tried.wait_s, "Too many wrong passwords. Sign in with a code, or try again later.")
    account = await context.bus.ask(ReadCredentials(email_index=index))
    try:
        verified = await context.passwords.verify(password, account.password)
    except PasswordsBusy as busy:
        await context.tries.give_back(tried)
        raise too_many(busy.retry_after_s or 1.0, "Too many sign in at this moment.") from busy
    if not verified.fits or account.customer_id is None or account.password is None:
        security_log.warn("sign-in failed", about=account.customer_id or "", address=client_address(request))
        raise bad_credentials()
    ask = LogIn(customer_id=account.customer_id, password=account.password, rehashed=verified.rehashed)
    entered = let_in(await context.bus.ask(ask))
    await context.tries.give_back(tried)
    return entered


def sent(cookie: Cookie, *, status_code: int = 202) -> Response[SentView]:
    """Answer that all was done that will be, with a cookie."""
    return answer(SentView(), [cookie], status_code=status_code)


PUBLIC = [register, verify, log_in, request_login_code, log_in_with_code, log_out]
