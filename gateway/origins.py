"""Requests that other sites' pages make in the name of whoever is signed in, and how they are told from our own.

A browser says where a request comes from: in Sec-Fetch-Site, and in Origin. And a form of another site can't send JSON
without asking first, which nobody allows it. Programs send neither header, and their tokens are in no cookie.
Source: OWASP, "Cross-Site Request Forgery Prevention", Fetch Metadata.
"""

from typing import Final
from urllib.parse import urlsplit

from gateway.context import AnyConnection, context_of
from gateway.problems import Problem

_OWN: Final = frozenset({"same-origin", "none"})
_JSON: Final = "application/json"


def check_origin(connection: AnyConnection) -> None:
    """Refuse a change that another site's page asks for.

    Raises:
        Problem: 403 `foreign_origin`.
    """
    headers = connection.headers
    site, origin = headers.get("sec-fetch-site", ""), headers.get("origin", "")
    is_own = site in _OWN if site else not origin or _is_here(connection, origin)
    kind = headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    has_form = kind in {"application/x-www-form-urlencoded", "text/plain"}
    if not is_own or has_form:
        raise Problem(403, "foreign_origin", "This must be sent from the shop's own pages, as JSON.")


def _is_here(connection: AnyConnection, origin: str) -> bool:
    public = context_of(connection.scope).public_url
    return origin == public or urlsplit(origin).netloc == connection.headers.get("host", "")
