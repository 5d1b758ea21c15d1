"""Headers of every answer: what a browser must not do with it.

Errors have them, static files, preflights, handshakes of websockets, and what is refused before there is a request. A
header that a route has set stays. Sources: OWASP, "HTTP Security Response Headers"; Content Security Policy Level 3.
"""

from collections.abc import Sequence
from typing import Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.answers import problem_messages
from gateway.problems import Problem

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),  # Pages have their own.
)
_BUG: Final = Problem(500, "internal_error", "Something went wrong here; it has been noted.")
_HTTPS_FOR_A_YEAR: Final = (b"strict-transport-security", b"max-age=31536000")
_NO_STORE: Final = (b"cache-control", b"no-store")
# All else may hold somebody's cart, order or address.
_PUBLIC: Final = ("/static/", "/products", "/categories", "/collections", "/docs", "/openapi.json")
_ASK_FIRST: Final = (b"cache-control", b"no-cache")  # It may be kept, and is revalidated before each use.


def headers_of_all(*, is_https: bool) -> Sequence[tuple[bytes, bytes]]:
    """Return the headers of every answer, names in lower case.

    Args:
        is_https: Whether the shop's public address is HTTPS: browsers then keep to it for a year.
    """
    return (*_ALWAYS, _HTTPS_FOR_A_YEAR) if is_https else _ALWAYS


def headers_of_handshakes(*, is_https: bool) -> tuple[tuple[str, str], ...]:
    """Return the headers of every answer to a websocket handshake."""
    return tuple((name.decode(), value.decode()) for name, value in headers_of_all(is_https=is_https))


def with_headers(app: ASGIApp, *, is_https: bool) -> ASGIApp:
    """Wrap an application so that each of its answers has these headers; one that fails without an answer gets one.

    Args:
        app: The application.
        is_https: As in `headers_of_all`.
    """
    always = headers_of_all(is_https=is_https)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        wanted = (*always, _ASK_FIRST if scope["path"].startswith(_PUBLIC) else _NO_STORE)
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in wanted if each[0] not in given)]
            await send(message)

        try:
            await app(scope, receive, send_with_headers)
        except Exception:  # The server logs it, and would answer without them.
            if not has_begun:
                for message in problem_messages(_BUG):
                    await send_with_headers(message)
            raise

    return serve
