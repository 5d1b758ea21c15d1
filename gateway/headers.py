"""Headers of every answer, errors and static files included: what a browser must not do with it.

A header that a route has set stays. Sources: OWASP, "HTTP Security Response Headers"; Content Security Policy Level 3.
"""

from typing import Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),  # Pages have their own.
)
_HTTPS_FOR_A_YEAR: Final = (b"strict-transport-security", b"max-age=31536000")
_NO_STORE: Final = (b"cache-control", b"no-store")
# All else may hold somebody's cart, order or address.
_PUBLIC: Final = ("/static/", "/products", "/categories", "/collections", "/docs", "/openapi.json")
_ASK_FIRST: Final = (b"cache-control", b"no-cache")  # It may be kept, and is revalidated before each use.


def with_headers(app: ASGIApp, *, is_https: bool) -> ASGIApp:
    """Wrap an application so that each of its answers has these headers.

    Args:
        app: The application.
        is_https: Whether the shop's public address is HTTPS: browsers then keep to it for a year.
    """
    always = (*_ALWAYS, _HTTPS_FOR_A_YEAR) if is_https else _ALWAYS

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        wanted = (*always, _ASK_FIRST if scope["path"].startswith(_PUBLIC) else _NO_STORE)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in wanted if each[0] not in given)]
            await send(message)

        await app(scope, receive, send_with_headers)

    return serve
