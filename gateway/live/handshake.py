"""Websocket handshakes: the check of origins, and of the protocol's version.

Browsers send the cookies and the address of their user along with a handshake from any page, so the page's origin is
checked: the shop's own (equal to the Host header) or one from the settings. Programs send no origin, and are let in: a
program can claim any origin it likes. Behind a proxy, Host must be passed on.

uvicorn hands a websocket over with its whole head; until then the connection is bounded by gateway/http_protocol.py.
"""

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from gateway.cookies import cookie_values
from gateway.live.settings import LiveSettings

_PORTS: Final = {"http": 80, "https": 443}
_VERSION: Final = "13"
_LONGEST_TOKEN: Final = 512


def answer(wire: ServerProtocol, request: Request, settings: LiveSettings) -> Response:
    """Accept a handshake, or refuse it with the reason. Either way the answer has the headers of every answer."""
    response = _decided(wire, request, settings)
    for name, value in settings.headers:
        response.headers[name] = value
    return response


def session_in(request: Request, settings: LiveSettings) -> str:
    """Return the token of the session whose cookie a handshake shows, "" without one.

    A page of another site could show its visitor's: so it is refused by its origin, above.
    """
    cookies = request.headers.get_all("Cookie") if settings.session_cookie else []
    return cookie_values("; ".join(cookies)).get(settings.session_cookie, "")[:_LONGEST_TOKEN]


def staff_in(request: Request, settings: LiveSettings) -> str:
    """Return the session or token of staff that a handshake shows, "" without one. Other pages' are refused, as above.

    Browsers show a session by its cookie, programs either by the Authorization header.
    """
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    cookies = request.headers.get_all("Cookie") if settings.staff_cookie else []
    by_cookie = cookie_values("; ".join(cookies)).get(settings.staff_cookie, "")
    token = (bearer.strip() if scheme.lower() == "bearer" else "") or by_cookie
    return token if len(token) <= _LONGEST_TOKEN and token.startswith(settings.staff_marks) else ""


def _decided(wire: ServerProtocol, request: Request, settings: LiveSettings) -> Response:
    if request.path.partition("?")[0] != settings.path:
        return wire.reject(HTTPStatus.NOT_FOUND, "There is no websocket here.\n")
    hosts = request.headers.get_all("Host")
    if not all(is_welcome(origin, hosts, settings.origins) for origin in request.headers.get_all("Origin")):
        return wire.reject(HTTPStatus.FORBIDDEN, "Pages of this origin may not connect.\n")
    if request.headers.get_all("Sec-WebSocket-Version") not in ([], [_VERSION]):
        refusal = wire.reject(HTTPStatus.UPGRADE_REQUIRED, f"This is version {_VERSION}.\n")
        refusal.headers["Sec-WebSocket-Version"] = _VERSION  # Source: RFC 6455, 4.4.
        return refusal
    return wire.accept(request)


def is_welcome(origin: str, hosts: Sequence[str], origins: Sequence[str]) -> bool:
    """Whether pages of this origin may connect: the shop's own, or one that is listed."""
    own = _address(origin)
    if own is None:
        return False
    scheme, host, port = own
    if own in {_address(listed) for listed in origins}:
        return True
    return len(hosts) == 1 and _address(f"{scheme}://{hosts[0]}") == (scheme, host, port)


def _address(origin: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an origin, with the port that it does not write; None if it is no origin."""
    try:
        parts = urlsplit(origin.lower())
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and not parts.username else None


def refusal(status: HTTPStatus, retry_after_s: float, headers: Sequence[tuple[str, str]]) -> bytes:
    """Refuse a handshake unread, so that too many of them cost little."""
    always = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (
        f"HTTP/1.1 {status} {status.phrase}\r\nRetry-After: {math.ceil(retry_after_s)}\r\n{always}"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()
