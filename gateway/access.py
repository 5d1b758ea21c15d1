"""Access rights: deny by default. Who asks is found by a token or a session; what they may stands in gateway/rights.py.

A member of staff is a person with a session, in a cookie or as a bearer, or a program with a token. Both are looked up
with every request, so whoever loses a right, or is disabled, has lost it with the next one.
"""

import secrets
from datetime import datetime
from typing import Final, TypeAlias

import msgspec
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from bus.messages.email import CheckOrderLink
from bus.messages.staff import Doer, FindPerson, FindToken, Holder, HolderFound, RightKey
from engine.tokens import hash_of_token
from gateway import acts, security_log
from gateway.context import AnyConnection, GatewayContext, Http, client_address, context_of
from gateway.customers import opens_order
from gateway.customers import shown_token as customer_token
from gateway.keys import LINK_MARK, WATCH_MARK
from gateway.problems import Problem, not_found
from gateway.rights import PRICES, Right, right_of
from gateway.same_site import check_origin
from gateway.sessions import Session

TOKEN_MARK: Final = "sf_"  # noqa: S105 - begins the tokens of programs
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Staff(msgspec.Struct, frozen=True):
    """A member of staff, as a request has shown. The id is public; a token has a label, given when it was made."""

    holder: Holder
    session: Session | None = None  # Of a person.
    doer: Doer = Doer(id="")

    @property
    def id(self) -> str:
        """The public id."""
        return self.holder.id

    def may(self, key: RightKey) -> bool:
        """Whether they have a key, and the factor that their role asks for."""
        return key in self.keys

    @property
    def keys(self) -> frozenset[RightKey]:
        """The keys that count: none without the factor that the role asks for."""
        return frozenset() if self.holder.lacks_factor else frozenset(self.holder.keys)

    def __str__(self) -> str:
        """Name them in records of what was done: a program by its label, a person by the id alone."""
        return f"{self.holder.label} ({self.id})" if self.holder.label else self.id


Member: TypeAlias = NamedDependency[Staff]  # The type of a route's parameter `staff`.


def new_token() -> str:
    """Make the token of a program. It is shown once, and only its hash is stored."""
    return TOKEN_MARK + secrets.token_urlsafe(32)


def bearer(connection: AnyConnection) -> str:
    """Return the token of the Authorization header, "" without one. Source: RFC 6750, 2.1."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def staff_only(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Guard a route: only staff with its key may use it."""
    right = right_of(connection.scope.get("method", ""), connection.scope.get("path_template", ""))
    if right is not None and right.is_open:
        check_origin(connection)
    else:
        await admit_staff(connection, right)


async def admit_staff(connection: AnyConnection, right: Right | None) -> None:
    """Let staff with a right in, and nobody else.

    Raises:
        Problem: 401 or 403.
    """
    staff = await _sign_in(connection)
    if staff is None:
        if bearer(connection):
            about = security_log.path_of(connection.scope).partition("?")[0]  # What is looked for may name somebody.
            security_log.warn("staff sign-in failed", about=about, address=client_address(connection))
        detail = "Sign in, or show a token."
        raise Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    await _admit(connection, staff, right)


async def order_readers_only(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Guard a route of one order: its buyer may use it, and staff with its key. To others there is no such order."""
    if subject_of(connection.scope):  # A guard may be asked twice.
        return
    order_id, context = str(connection.path_params["order_id"]), context_of(connection.scope)
    token = bearer(connection) or customer_token(connection)
    if await is_buyer(context, token, order_id):
        if not bearer(connection):
            check_origin(connection)
        connection.scope["state"]["subject"] = token
        return
    staff = await _sign_in(connection)
    right = right_of(connection.scope.get("method", ""), connection.scope.get("path_template", ""))
    if staff is None or right is None or right.missing(staff.holder.keys):
        connection.scope["state"].pop("subject", None)
        raise not_found("order")
    await _admit(connection, staff, right)


async def is_buyer(context: GatewayContext, token: str, order_id: str) -> bool:
    """Whether a token opens this order to its buyer: the order's own, a link's in a mail about it, their session's."""
    if context.keys.opens(token, order_id) or await opens_order(context, token, order_id):
        return True
    if not token.startswith(LINK_MARK):
        return False
    return (await context.bus.ask(CheckOrderLink(order_id=order_id, token_hash=hash_of_token(token)))).is_valid


async def may_see_order(context: GatewayContext, token: str, order_id: str) -> bool:
    """Whether a token opens the news of this order: its buyer's, one that its page has, or one of staff who read
    orders.
    """
    if token.startswith(WATCH_MARK):
        token = context.keys.watched_by(token, order_id)
    if await is_buyer(context, token, order_id):
        return True
    staff = await staff_of(context, token, is_use=False)  # Sockets ask again and again, with nobody there.
    return staff is not None and staff.may("read_orders")


async def keys_of(context: GatewayContext, token: str) -> frozenset[RightKey] | None:
    """Return the keys of a token or session of staff, None if it opens nothing. The session is not used by it."""
    staff = await staff_of(context, token, is_use=False)
    return staff.keys if staff is not None else None


async def staff_of(
    context: GatewayContext, token: str, doer: Doer | None = None, *, is_use: bool = True
) -> Staff | None:
    """Return the holder of a token: a program's, or that of a person's session, which is used by that or not."""
    if token.startswith(TOKEN_MARK):
        found = await context.bus.ask(FindToken(hash=hash_of_token(token)))
        return _staff(found, None, doer) if isinstance(found, HolderFound) else None
    session = await context.staff_gate.sessions.read(token, is_use=is_use) if token else None
    if session is None:
        return None
    found = await context.bus.ask(FindPerson(id=session.subject))
    if not isinstance(found, HolderFound) or found.holder.generation != session.generation:
        return None
    return _staff(found, session, doer)


def may_price(request: Http, staff: Staff) -> None:
    """Check that a change which has prices may be made: see gateway/rights.py.

    Raises:
        Problem: The key is missing, or the sign-in is not fresh.
    """
    _check(staff, PRICES, context_of(request.scope))


def shown_by_link(scope: Scope) -> bool:
    """Whether a guard has let a request in by the link of a mail."""
    return subject_of(scope).startswith(LINK_MARK)


def signed_in(scope: Scope) -> Staff | None:
    """Return the member of staff whom a guard has let in."""
    staff: Staff | None = scope["state"].get("staff")
    return staff


def member(request: Http) -> Staff:
    """Return the member of staff who asks, for the injection into routes that only staff may use."""
    staff = signed_in(request.scope)
    assert staff is not None, "a guard has let the request in"
    return staff


def subject_of(scope: Scope) -> str:
    """Return the token, or the person, that a guard has let in; "" if none was asked for."""
    subject: str = scope["state"].get("subject", "")
    return subject


def doer_of(connection: AnyConnection, staff_id: str) -> Doer:
    """Describe who does something, for the record of acts."""
    return Doer(id=staff_id, address=client_address(connection), request_id=acts.request_id(connection.scope))


def is_fresh(staff: Staff, now: datetime, fresh_s: float) -> bool:
    """Whether a person has signed in just now. A program never signs in: its token says all."""
    return staff.session is None or (now - staff.session.since).total_seconds() < fresh_s


async def _admit(connection: AnyConnection, staff: Staff, right: Right | None) -> None:
    """Check the right that a route asks for, and record what a member of staff sets about to do."""
    if connection.scope.get("method") == "OPTIONS":
        return
    if right is None:
        raise Problem(403, "forbidden", "Nobody may do this.")
    context = context_of(connection.scope)
    is_safe = connection.scope.get("method", "") in _SAFE
    if not is_safe and staff.session is not None and not bearer(connection):
        check_origin(connection, takes_files=True)
    _check(staff, right, context)
    connection.scope["state"]["subject"] = f"staff {staff.id}" if staff.session else bearer(connection)
    if not is_safe:
        await acts.begin(connection, staff.id, right)


def _check(staff: Staff, right: Right, context: GatewayContext) -> None:
    if right.is_of_person and not staff.holder.is_person:
        raise Problem(403, "forbidden", "This takes a person: a program has no account, and no eyes.")
    if right.keys and staff.holder.lacks_factor:
        raise Problem(401, "second_factor_required", "This role needs a second factor: set one up under /admin/api/me.")
    if missing := right.missing(staff.holder.keys):
        raise Problem(403, "forbidden", f"This takes the key {missing}.", key=missing)
    if right.is_fresh and not is_fresh(staff, context.clock.now(), context.staff_gate.settings.shopflow_staff_fresh_s):
        raise Problem(403, "fresh_login_required", "Please sign in again: this takes a fresh sign-in.")


async def _sign_in(connection: AnyConnection) -> Staff | None:
    """Look a request's token up, once: a guard may be asked twice (see gateway/idempotency.py)."""
    context, state = context_of(connection.scope), connection.scope["state"]
    if "staff" not in state:
        token = shown_token(connection)
        state["staff"] = await staff_of(context, token, doer_of(connection, ""))
    return signed_in(connection.scope)


def shown_token(connection: AnyConnection) -> str:
    """Return the token of staff that a request shows, in its header or its cookie."""
    given, cookies = bearer(connection), connection.headers.get("cookie", "")
    return given or context_of(connection.scope).staff_gate.sessions.token_of(cookies, "")


def _staff(found: HolderFound, session: Session | None, doer: Doer | None) -> Staff:
    known = msgspec.structs.replace(doer or Doer(id=""), id=found.holder.id)
    return Staff(found.holder, session, known)
