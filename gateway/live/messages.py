"""The messages of `/live`: requests of clients as types, and the encoding of the server's messages.

Strangers' bytes become a `Request` here, or are refused with a code that clients can act on. The server's messages
are put together from pieces that are encoded once (`topics.py`), so they have no types of their own.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from bus.messages.base import SkuName
from bus.messages.inventory import StockLevel
from bus.messages.order import OrderProgressed

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class Subscribe(msgspec.Struct, frozen=True, tag_field="op", tag="subscribe"):
    """Subscribe to SKUs: the current levels newer than `versions`, then every change."""

    skus: list[SkuName]
    versions: dict[SkuName, int] = {}


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="op", tag="unsubscribe"):
    """End the subscription to SKUs."""

    skus: list[SkuName]


class WatchOrder(msgspec.Struct, frozen=True, tag_field="op", tag="watch_order"):
    """Watch an order's status, with its access token; without one by the session whose cookie the handshake showed."""

    order_id: Key
    token: Secret | None = None


class WatchCart(msgspec.Struct, frozen=True, tag_field="op", tag="watch_cart"):
    """Watch a cart: its id is the key to it."""

    cart_id: Key


class WatchFlow(msgspec.Struct, frozen=True, tag_field="op", tag="watch_flow"):
    """Watch what flows between the actors; for staff, by a token or what the handshake showed."""

    token: Secret | None = None


class WatchOrders(msgspec.Struct, frozen=True, tag_field="op", tag="watch_orders"):
    """Watch which orders change their status; for staff, by a token or what the handshake showed."""

    token: Secret | None = None


Request = Subscribe | Unsubscribe | WatchOrder | WatchCart | WatchFlow | WatchOrders


class LiveRefusal(Exception):
    """Refuse a request: its sender gets the code and the detail."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class _Envelope(msgspec.Struct):
    op: str


_request: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_envelope = msgspec.json.Decoder(_Envelope)
_encode = msgspec.json.Encoder().encode

_OPS = frozenset({"subscribe", "unsubscribe", "watch_order", "watch_cart", "watch_flow", "watch_orders"})

STALE = b'{"op":"stale"}'


def decode(payload: bytes | bytearray) -> Request:
    """Read what a client sent.

    Raises:
        LiveRefusal: `bad_json`, `unknown_op` or `bad_message`, with what is wrong.
    """
    try:
        return _request.decode(payload)
    except msgspec.ValidationError as wrong:
        raise LiveRefusal("unknown_op" if _op_is_unknown(payload) else "bad_message", str(wrong)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:  # The last: 30,000 brackets.
        raise LiveRefusal("bad_json", str(wrong)) from None


def _op_is_unknown(payload: bytes | bytearray) -> bool:
    try:
        return _envelope.decode(payload).op not in _OPS
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def error(refused: LiveRefusal) -> bytes:
    """Encode a refusal."""
    return _encode({"op": "error", "code": refused.code, "detail": refused.detail})


def stock_body(level: StockLevel) -> bytes:
    """Encode a level, once; every message about it is put together from these bytes.

    Field by field, so that no tag or later field of the bus's message leaks to strangers.
    """
    return _encode({"sku": level.sku, "available": level.available, "version": level.version})


def subscribed(bodies: list[bytes]) -> bytes:
    """Encode the answer to a subscription: the current levels."""
    return b'{"op":"subscribed","stock":[%b]}' % b",".join(bodies)


def stock(bodies: list[bytes]) -> bytes:
    """Encode a change, or all changes of one tick."""
    if len(bodies) == 1:
        return b'{"op":"stock",%b' % bodies[0][1:]
    return b'{"op":"stocks","stock":[%b]}' % b",".join(bodies)


def order(progress: OrderProgressed) -> bytes:
    """Encode an order's status."""
    return _encode({"op": "order", "order_id": progress.order_id, "status": progress.status, "at": progress.at})


def orders(changed: Iterable[OrderProgressed], *, is_complete: bool) -> bytes:
    """Encode the orders whose status has changed; where some are missing, the list is to be read again."""
    items = [{"id": each.order_id, "number": each.number, "status": each.status, "at": each.at} for each in changed]
    return _encode({"op": "orders", "orders": items, "complete": is_complete})


def cart(cart_id: str) -> bytes:
    """Encode that a cart is to be read again."""
    return _encode({"op": "cart", "cart_id": cart_id})
