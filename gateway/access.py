"""Access rights: deny by default, compare in constant time, store secrets only as hashes."""

import hashlib
import secrets
from datetime import datetime, timedelta

from litestar.handlers import BaseRouteHandler

from bus.messages.email import CheckOrderLink, link_hash
from engine.postgres import Database
from engine.transaction import Transaction
from gateway.context import AnyConnection, GatewayContext, context_of
from gateway.keys import LINK_MARK
from gateway.problems import Problem

_ADD = "insert into gateway.tokens (hash, role, label, created_at, expires_at) values ($1, $2, $3, $4, $5)"
_KNOWN = "select true from gateway.tokens where hash = $1 and role = $2 and expires_at > $3"


async def make_token(tx: Transaction, *, role: str, label: str, valid_for: timedelta) -> str:
    """Make a bearer token. The token is shown once; only its hash is stored."""
    token = f"sf_{secrets.token_urlsafe(32)}"
    await tx.execute(_ADD, _hash(token), role, label, tx.now, tx.now + valid_for)
    return token


async def is_staff(database: Database, token: str, now: datetime) -> bool:
    """Whether this is a valid staff token. (It is looked up by its hash, so timing reveals nothing of it.)"""
    return bool(token) and bool(await database.fetch(_KNOWN, _hash(token), "staff", now))


def bearer(connection: AnyConnection) -> str:
    """Return the token of the Authorization header, "" without one. Source: RFC 6750, 2.1."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def staff_only(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Guard a route: only staff may use it."""
    context = context_of(connection.scope)
    if not await is_staff(context.database, bearer(connection), context.clock.now()):
        raise Problem(401, "unauthorized", "This needs a staff token.", headers={"WWW-Authenticate": "Bearer"})


async def is_buyer(context: GatewayContext, token: str, order_id: str) -> bool:
    """Whether a token opens this order to its buyer: the order's own, or that of a link in a mail about it."""
    if context.keys.opens(token, order_id):
        return True
    if not token.startswith(LINK_MARK):
        return False
    return (await context.bus.ask(CheckOrderLink(order_id=order_id, token_hash=link_hash(token)))).is_valid


async def may_see_order(context: GatewayContext, token: str, order_id: str) -> bool:
    """Whether a token opens this order: its buyer's, or staff's."""
    return await is_buyer(context, token, order_id) or await is_staff(context.database, token, context.clock.now())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
