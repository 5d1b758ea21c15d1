"""Bodies, views and answers that several routes of customers share."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from litestar import Response
from litestar.datastructures import Cookie

from bus.messages.base import Instant
from bus.messages.customer import BadCode, EmailIndex, NoSuchCustomer, NotSignedIn, Profile, SignedIn
from bus.messages.customer_own import ReadProfile
from engine.passwords import LONGEST, PasswordsBusy, Weakness
from gateway import security_log
from gateway.api.bodies import Body, View
from gateway.api.cart.carts import CartView, cart_view
from gateway.api.customer.carts import merged_cart
from gateway.client_address import network_of
from gateway.context import GatewayContext, Http, client_address, index_of
from gateway.customers import begin_session, device_cookie, session_cookie, shown_device
from gateway.limiter import Caller, Limiter
from gateway.problems import Problem, not_found, too_many
from gateway.refusals import Reason

ViewT = TypeVar("ViewT", bound=View)

Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Phone = Annotated[str, msgspec.Meta(max_length=40)]
Password = Annotated[str, msgspec.Meta(max_length=4 * LONGEST)]  # What is too long is refused with a sentence.
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
CartKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]

WEAK: Final[dict[Weakness, str]] = {
    "too_short": "A password has at least 8 characters.",
    "too_long": f"A password has at most {LONGEST} characters.",
    "common": "This is one of the passwords that are tried first. Please choose another.",
    "about_you": "Please choose a password without your name and your address.",
    "breached": "This password was found in a leak of another site. Please choose another.",
}


class SentView(View, frozen=True, kw_only=True):
    """A mail is on its way, if one may be sent: whoever it belongs to, this answer is the same."""

    sent: bool = True


class CustomerView(View, frozen=True, kw_only=True):
    """A customer. `closes_at` is the end of the account, if it was asked for."""

    id: str
    email: str
    name: str
    phone: str
    locale: str
    has_password: bool
    created_at: Instant
    closes_at: Instant | None
    cart_id: str | None


class MergedLineView(View, frozen=True, kw_only=True):
    """A line that was not the same in the customer's cart (`own`) and in this browser's (`guest`)."""

    id: str
    title: str
    own: int
    guest: int
    quantity: int
    is_held: bool


class SessionMadeView(View, frozen=True, kw_only=True):
    """A session. `token` is there for programs (`?token=1`), which get no cookie. `cart` is the one to go on with."""

    customer: CustomerView
    expires_at: Instant
    token: str | None
    reopened: bool
    cart: CartView | None
    cart_changes: Sequence[MergedLineView]


class EmailBody(Body, frozen=True, kw_only=True):
    """An address."""

    email: Email


def customer_view(profile: Profile) -> CustomerView:
    """Show a customer to themselves."""
    return CustomerView(
        id=profile.customer_id,
        email=profile.email,
        name=profile.name,
        phone=profile.phone,
        locale=profile.locale,
        has_password=profile.has_password,
        created_at=profile.created_at,
        closes_at=profile.closes_at,
        cart_id=profile.cart_id,
    )


async def read_profile(context: GatewayContext, customer_id: str) -> Profile:
    """Read a customer's data.

    Raises:
        Problem: The account is gone.
    """
    profile = await context.bus.ask(ReadProfile(customer_id=customer_id))
    if isinstance(profile, NoSuchCustomer):
        raise not_found("account")
    return profile


async def signed_in(
    context: GatewayContext,
    request: Http,
    let_in: SignedIn,
    *,
    method: str,
    as_token: bool = False,
    cart_id: str = "",
) -> Response[SessionMadeView]:
    """Begin a session and answer with it, as a cookie or, for programs, as a token. Carts are merged if they can be."""
    begun = await begin_session(context, request, let_in.customer_id, let_in.generation, method=method)
    profile = await read_profile(context, let_in.customer_id)
    merged = await merged_cart(context, profile, cart_id)
    profile = msgspec.structs.replace(profile, cart_id=merged.cart.id if merged else profile.cart_id)
    security_log.note("signed in", about=let_in.customer_id, method=method, address=client_address(request))
    view = SessionMadeView(
        customer=customer_view(profile),
        expires_at=begun.session.ends_at,
        token=begun.token if as_token else None,
        reopened=let_in.is_reopened,
        cart=cart_view(merged.cart, context.clock.now()) if merged else None,
        cart_changes=[MergedLineView(**msgspec.structs.asdict(each)) for each in merged.changes] if merged else [],
    )
    device = context.tries.device(index_of(context, profile.email), shown_device(context, request))
    cookies = [device_cookie(context, device)]
    if not as_token:
        cookies.append(session_cookie(context, begun.token))
    return answer(view, cookies, status_code=201)


def answer(view: ViewT, cookies: list[Cookie], *, status_code: int = 200) -> Response[ViewT]:
    """Answer with cookies. Nobody keeps such an answer."""
    return Response(view, status_code=status_code, cookies=cookies, headers={"Cache-Control": "no-store"})


async def hashed(context: GatewayContext, password: str, *about: str) -> str:
    """Hash a password that somebody chooses, if it is not easily guessed.

    Raises:
        Problem: 422, with the reason; 429, if too many wait.
    """
    try:
        if weak := await context.passwords.weakness(password, about):
            raise Problem(422, "weak_password", WEAK[weak], field="password", reason=weak)
        return await context.passwords.hash(password)
    except PasswordsBusy as busy:
        raise too_many(busy.retry_after_s or 1.0, "Too many sign in at this moment.") from busy


def charge(context: GatewayContext, request: Http, reason: Reason, *limits: tuple[Limiter, str]) -> None:
    """Charge allowances for a request, before it does anything.

    Raises:
        Problem: 429. One of them is used up.
    """
    for limiter, caller in limits:
        if wait_s := limiter.take(Caller(reason, caller)):
            context.guard.refusals.note(reason, client_address(request))
            raise too_many(wait_s, "That was asked for too often.")


def charge_mail(context: GatewayContext, request: Http, email_index: EmailIndex) -> None:
    """Charge for a mail: the network that asks for it, and the address that gets it.

    Raises:
        Problem: 429. It does not say which of the two: nobody learns who has got mails.
    """
    network, guard = network_of(client_address(request)), context.guard
    charge(
        context,
        request,
        "account_mails",
        (guard.mails_of_network, network),
        (guard.mails_of_address, email_index),
    )


def charge_login(context: GatewayContext, request: Http) -> None:
    """Charge a network for a sign-in. A success gives nothing back.

    Raises:
        Problem: 429.
    """
    charge(context, request, "logins", (context.guard.logins, network_of(client_address(request))))


def bad_credentials() -> Problem:
    """Make the answer to what proves nothing."""
    return Problem(401, "bad_credentials", "E-mail address or password are not right.")


def let_in(answered: SignedIn | NotSignedIn | BadCode) -> SignedIn:
    """Return who is let in.

    Raises:
        Problem: 401. Nobody is.
    """
    if isinstance(answered, NotSignedIn):
        raise bad_credentials()
    if isinstance(answered, BadCode):  # Or token, for whatever reason.
        raise Problem(401, "bad_code", "This code is not right, or its time is over.")
    return answered
