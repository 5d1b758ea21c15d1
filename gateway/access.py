"""Access rights: deny by default, compare in constant time, store secrets only as hashes."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

import msgspec
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from bus.messages.email import CheckOrderLink, link_hash
from engine.postgres import Database
from engine.transaction import Transaction
from gateway import security_log
from gateway.context import AnyConnection, GatewayContext, Http, client_address, context_of
from gateway.customers import opens_order, shown_token
from gateway.keys import LINK_MARK
from gateway.problems import Problem, not_found
from gateway.same_site import check_origin

_ADD = """
insert into gateway.tokens (hash, role, label, created_at, expires_at) values ($1, $2, $3, $4, $5) returning id"""
_KNOWN = "select id, label from gateway.tokens where hash = $1 and role = $2 and expires_at > $3"
_LIST = "select id, role, label, created_at, expires_at, revoked_at from gateway.tokens order by created_at, id"
# Gateways of yesterday's version know no revocation, but they know expiry.
_REVOKE = """
update gateway.tokens set revoked_at = $2, expires_at = least(expires_at, $2)
where id = $1 and revoked_at is null returning label"""


class Staff(msgspec.Struct, frozen=True):
    """A member of staff, by the token that was shown. The id is public, the label was given when the token was made."""

    id: str
    label: str

    def __str__(self) -> str:
        return f"{self.label} ({self.id})" if self.label else self.id


Member: TypeAlias = NamedDependency[Staff]  # The type of a route's parameter `staff`.


class Token(NamedTuple):
    """A bearer token, without its secret."""

    id: str
    role: str
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


async def make_token(tx: Transaction, *, role: str, label: str, valid_for: timedelta) -> str:
    """Make a bearer token. The token is shown once; only its hash is stored."""
    token = f"sf_{secrets.token_urlsafe(32)}"
    (row,) = await tx.fetch(_ADD, _hash(token), role, label, tx.now, tx.now + valid_for)
    security_log.note("token made", about=row["id"], role=role, label=label)
    return token


async def list_tokens(database: Database) -> list[Token]:
    """List all tokens, the oldest first: also those that have expired or were revoked."""
    return [Token(*row) for row in await database.fetch(_LIST)]


async def revoke_token(tx: Transaction, token_id: str) -> bool:
    """Revoke a token by its id, at once; False if there is none, or it was revoked before."""
    revoked = await tx.fetch(_REVOKE, token_id, tx.now)
    if revoked:
        security_log.note("token revoked", about=token_id, label=revoked[0]["label"])
    return bool(revoked)


async def staff_of(database: Database, token: str, now: datetime) -> Staff | None:
    """Return the holder of a valid staff token. (It is looked up by its hash, so timing reveals nothing of it.)"""
    rows = await database.fetch(_KNOWN, _hash(token), "staff", now) if token else []
    return Staff(*rows[0]) if rows else None


def bearer(connection: AnyConnection) -> str:
    """Return the token of the Authorization header, "" without one. Source: RFC 6750, 2.1."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def staff_only(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Guard a route: only staff may use it."""
    if await _sign_in(connection) is None:
        if bearer(connection):
            about = security_log.path_of(connection.scope)
            security_log.warn("staff sign-in failed", about=about, address=client_address(connection))
        raise Problem(401, "unauthorized", "This needs a staff token.", headers={"WWW-Authenticate": "Bearer"})


async def order_readers_only(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Guard a route of one order: its buyer and staff may use it. To others there is no such order."""
    if subject_of(connection.scope):  # A guard may be asked twice.
        return
    order_id, context = str(connection.path_params["order_id"]), context_of(connection.scope)
    token = bearer(connection) or shown_token(connection)
    if await is_buyer(context, token, order_id):
        if not bearer(connection):
            check_origin(connection)
        connection.scope["state"]["subject"] = token
    elif await _sign_in(connection) is None:
        raise not_found("order")


async def is_buyer(context: GatewayContext, token: str, order_id: str) -> bool:
    """Whether a token opens this order to its buyer: the order's own, a link's in a mail about it, their session's."""
    if context.keys.opens(token, order_id) or await opens_order(context, token, order_id):
        return True
    if not token.startswith(LINK_MARK):
        return False
    return (await context.bus.ask(CheckOrderLink(order_id=order_id, token_hash=link_hash(token)))).is_valid


async def may_see_order(context: GatewayContext, token: str, order_id: str) -> bool:
    """Whether a token opens this order: its buyer's, or staff's."""
    by_buyer = await is_buyer(context, token, order_id)
    return by_buyer or await staff_of(context.database, token, context.clock.now()) is not None


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
    """Return the token that a guard has let in, "" if none was asked for."""
    subject: str = scope["state"].get("subject", "")
    return subject


async def _sign_in(connection: AnyConnection) -> Staff | None:
    """Look a request's token up, once: a guard may be asked twice (see gateway/idempotency.py)."""
    context, state = context_of(connection.scope), connection.scope["state"]
    if "staff" not in state:
        token = bearer(connection)
        state["staff"] = await staff_of(context.database, token, context.clock.now())
        if state["staff"] is not None:
            state["subject"] = token
    return signed_in(connection.scope)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
