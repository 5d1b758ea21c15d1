"""Signed-in customers: who sends a request, and whether what they want is theirs.

A browser shows its session by a cookie, a program by the Authorization header. A session counts if Redis has it, and
PostgreSQL agrees (gateway/sessions.py). That is asked once for each request; together with the order that it is about.
"""

from datetime import timedelta
from typing import Final, NamedTuple, TypeAlias

from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from bus.messages.customer import CheckSession, CustomerId, EndSession
from gateway.client_address import network_of
from gateway.context import AnyConnection, GatewayContext, Http, client_address, context_of
from gateway.cookies import cookie_values
from gateway.problems import Problem
from gateway.same_site import check_origin
from gateway.sessions import Begun, Kind, Session
from gateway.tries import DEVICE_LASTS

CUSTOMERS: Final = Kind(name="customer", mark="cs_", cookie="session", absolute=timedelta(hours=24))
FRESH: Final = timedelta(minutes=10)  # How long after a sign-in what is sensitive may be done.
_DEVICE: Final = "device"
_REGISTRATION: Final = "registration"
_REGISTRATION_LASTS_S: Final = 900
_LONGEST_DEVICE: Final = 60  # Characters of its name.
_SYSTEMS: Final = ("iPhone", "iPad", "Android", "Windows", "Mac OS X", "Linux")
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


class SignedInCustomer(NamedTuple):
    """A customer who was let in."""

    id: CustomerId
    session: Session
    token: str


CurrentCustomer: TypeAlias = NamedDependency[SignedInCustomer]  # The type of a route's parameter `customer`.


async def customer_only(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Guard a route: only signed-in customers may use it."""
    state = connection.scope["state"]
    if "customer" not in state:  # A guard may be asked twice.
        state["customer"] = await customer_of(connection)
    if state["customer"] is None:
        raise Problem(401, "unauthorized", "Please sign in first.", headers={"WWW-Authenticate": "Bearer"})
    state["subject"] = state["customer"].token


async def customer_of(connection: AnyConnection) -> SignedInCustomer | None:
    """Return the customer who sends a request, None if nobody is signed in.

    Raises:
        Problem: A page of another site sends it.
    """
    context = context_of(connection.scope)
    token = shown_token(connection)
    if not token:
        return None
    if not _bearer(connection):
        check_origin(connection)
    found = await _checked(context, token, "")
    return found[0] if found else None


async def opens_order(context: GatewayContext, token: str, order_id: str) -> bool:
    """Whether a token is of a session whose customer has this order."""
    found = await _checked(context, token, order_id) if token.startswith(CUSTOMERS.mark) else None
    return found is not None and found[1]


async def _checked(context: GatewayContext, token: str, order_id: str) -> tuple[SignedInCustomer, bool] | None:
    session = await context.customers.read(token)
    if session is None:
        return None
    check = CheckSession(
        customer_id=session.subject, session_id=session.id, generation=session.generation, order_id=order_id
    )
    answer = await context.bus.ask(check)
    return (SignedInCustomer(session.subject, session, token), answer.owns_order) if answer.is_valid else None


def current_customer(request: Http) -> SignedInCustomer:
    """Return the customer who asks, for the injection into routes that only customers may use."""
    customer: SignedInCustomer | None = request.scope["state"].get("customer")
    assert customer is not None, "a guard has let the request in"
    return customer


def check_fresh(customer: SignedInCustomer, context: GatewayContext) -> None:
    """Refuse what is sensitive to a session that is not of the last minutes: it may have been left open.

    Raises:
        Problem: 403.
    """
    if context.clock.now() - customer.session.since > FRESH:
        raise Problem(403, "fresh_login_required", "Please sign in once more, and try again.")


def shown_token(connection: AnyConnection) -> str:
    """Return the token of a customer's session that a request shows, "" if none."""
    cookies, bearer = connection.headers.get("cookie", ""), _bearer(connection)
    return context_of(connection.scope).customers.token_of(cookies, bearer)


async def begin_session(
    context: GatewayContext, request: Http, customer_id: CustomerId, generation: int, *, method: str
) -> Begun:
    """Begin a session in the browser or program that sends a request. The one that it had is void, for good.

    Raises:
        Unavailable: It can't begin now.
    """
    before = shown_token(request)
    former = await context.customers.read(before) if before else None
    if former is not None:
        await end_for_good(context, former)
    begun = await context.customers.begin(
        customer_id,
        generation,
        method=method,
        device=device_name(request.headers.get("user-agent", "")),
        network=network_of(client_address(request)),
        instead_of=before,
    )
    context.updates.publish_ended_sessions(begun.ended)
    return begun


async def end_for_good(context: GatewayContext, session: Session) -> None:
    """Store that a session has ended, so that no copy of Redis revives it."""
    await context.bus.ask(EndSession(customer_id=session.subject, session_id=session.id, until=session.ends_at))


def session_cookie(context: GatewayContext, token: str) -> Cookie:
    """Make the cookie of a session; with "" the one that removes it."""
    sessions = context.customers
    lasts = int(sessions.kind.absolute.total_seconds()) if token else 0
    return _cookie(context, sessions.cookie_name, token, lasts)


def device_cookie(context: GatewayContext, value: str) -> Cookie:
    """Make the cookie by which a device is known."""
    return _cookie(context, _name(context, _DEVICE), value, int(DEVICE_LASTS.total_seconds()))


def shown_device(context: GatewayContext, connection: AnyConnection) -> str:
    """Return the cookie of a device, "" if it shows none."""
    return _shown(context, connection, _DEVICE)


def registration_cookie(context: GatewayContext, secret: str) -> Cookie:
    """Make the cookie by which the browser is known that asked for an account."""
    return _cookie(context, _name(context, _REGISTRATION), secret, _REGISTRATION_LASTS_S)


def shown_registration(context: GatewayContext, connection: AnyConnection) -> str:
    """Return the secret of a browser that asked for an account, "" if it shows none."""
    return _shown(context, connection, _REGISTRATION)


def device_name(user_agent: str) -> str:
    """Name a device as its owner knows it: "Firefox on Linux"."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for name in _SYSTEMS if name in user_agent), "").replace("Mac OS X", "macOS")
    named = " on ".join(filter(None, (browser, system)))
    program = user_agent.partition("/")[0]
    return named or "".join(each for each in program if each.isprintable())[:_LONGEST_DEVICE]


def _name(context: GatewayContext, name: str) -> str:
    return f"__Host-{name}" if context.public_url.startswith("https://") else name


def _shown(context: GatewayContext, connection: AnyConnection, name: str) -> str:
    return cookie_values(connection.headers.get("cookie", "")).get(_name(context, name), "")


def _cookie(context: GatewayContext, name: str, value: str, lasts_s: int) -> Cookie:
    """Scripts can't read it, other sites' forms don't send it, and no other host can set it."""
    is_https = context.public_url.startswith("https://")
    return Cookie(key=name, value=value, path="/", max_age=lasts_s, httponly=True, samesite="lax", secure=is_https)


def _bearer(connection: AnyConnection) -> str:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
