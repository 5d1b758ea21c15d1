"""Pages of other origins: those that SHOPFLOW_ORIGINS lists may use the API; browsers keep all others out.

Tokens travel in headers and never in cookies, so no answer allows credentials. Source: WHATWG Fetch, "CORS protocol".
"""

from collections.abc import Sequence
from typing import Final

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.answers import answer_messages
from gateway.live.handshake import is_welcome

_FOR_PREFLIGHT: Final = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"),
    (b"access-control-max-age", b"600"),
]
_READABLE: Final = (b"access-control-expose-headers", b"ETag, Idempotent-Replayed, Location, Retry-After")


def with_cors(app: ASGIApp, origins: Sequence[str], always: Sequence[tuple[bytes, bytes]] = ()) -> ASGIApp:
    """Wrap an application so that pages of these origins may use it, errors included.

    Args:
        app: The application.
        origins: As browsers write them.
        always: Headers of every answer, which those to preflights get here.
    """
    if not origins:
        return app

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers.from_scope(scope)
        origin = headers.get("origin", "")
        allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))] if _is_listed(origin, origins) else []
        is_options = scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS"
        if allowed and is_options and "access-control-request-method" in headers:
            for message in answer_messages(204, b"", [*always, *allowed, *_FOR_PREFLIGHT, (b"vary", b"Origin")]):
                await send(message)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                readable = [_READABLE] if allowed else []
                message["headers"] = [*message["headers"], *allowed, *readable, (b"vary", b"Origin")]
            await send(message)

        await app(scope, receive, send_with_headers)

    return serve


def _is_listed(origin: str, origins: Sequence[str]) -> bool:
    return bool(origin) and is_welcome(origin, (), origins)
