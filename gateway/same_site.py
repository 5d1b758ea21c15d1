"""Requests of pages of other sites, which a browser sends with its user's cookies: refused before they do anything.

A browser says where an unsafe request comes from: Sec-Fetch-Site, or Origin if it is older. Whoever sends neither is no
browser, and has no cookies that are not its own. A form of another site can't send JSON without asking first (CORS), so
no other body is read. No token has to be kept in pages. Sources: OWASP, "Cross-Site Request Forgery Prevention"; W3C,
"Fetch Metadata Request Headers".

A page of another host of the same domain is another site's, too: shops share domains with what others write.
"""

from typing import Final

from litestar.handlers import BaseRouteHandler

from gateway.context import AnyConnection, context_of
from gateway.live.handshake import is_welcome
from gateway.problems import Problem

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})  # None: its user typed the address.


async def own_pages_only(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Guard a route of strangers: no page of another site can sign its user in or out, or have a mail sent."""
    check_origin(connection)


def check_origin(connection: AnyConnection, *, takes_files: bool = False) -> None:
    """Refuse an unsafe request that a page of another site has sent, or a form.

    Args:
        connection: The request.
        takes_files: Whether a body need not be JSON, as long as a browser says that our own page sends it.

    Raises:
        Problem: 403 or 415.
    """
    headers = connection.headers
    if str(connection.scope.get("method", "GET")) in _SAFE:
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    hosts, own = headers.getall("host", []), context_of(connection.scope).public_url
    is_own = site in _OWN if site is not None else origin is None or is_welcome(origin, hosts, [own] if own else [])
    if not is_own:
        raise Problem(403, "foreign_origin", "Only pages of the shop itself may send this.")
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind != "application/json" and not (takes_files and is_browser(connection)):
        raise Problem(415, "unsupported_media_type", "The body must be application/json.")


def is_browser(connection: AnyConnection) -> bool:
    """Whether a request comes from a page in a browser."""
    return "sec-fetch-site" in connection.headers or "origin" in connection.headers
