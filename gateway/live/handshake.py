"""Websocket handshakes: the check of origins, and a deadline for the request's head.

Browsers send the cookies and the address of their user along with a handshake from any page, so the page's origin is
checked: the shop's own (equal to the Host header) or one from the settings. Programs send no origin, and are let in: a
program can claim any origin it likes. Behind a proxy, Host must be passed on.

uvicorn hands a websocket over with its whole head, so an incomplete handshake stays with the HTTP protocol, which
would wait for ever: hence `deadline_for_heads`, which goes into `uvicorn.Config(http=...)`.
"""

import asyncio
import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar, Final
from urllib.parse import urlsplit

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from gateway.live.settings import LiveSettings

_PORTS: Final = {"http": 80, "https": 443}


def answer(wire: ServerProtocol, request: Request, settings: LiveSettings) -> Response:
    """Accept a handshake, or refuse it with the reason."""
    if request.path.partition("?")[0] != settings.path:
        return wire.reject(HTTPStatus.NOT_FOUND, "There is no websocket here.\n")
    hosts = request.headers.get_all("Host")
    if not all(is_welcome(origin, hosts, settings.origins) for origin in request.headers.get_all("Origin")):
        return wire.reject(HTTPStatus.FORBIDDEN, "Pages of this origin may not connect.\n")
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


def service_unavailable(retry_after_s: float) -> bytes:
    """Refuse a handshake unread, so that too many of them cost little."""
    return (
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        % math.ceil(retry_after_s)
    )


class _HeadsInTime(HttpToolsProtocol):
    within_s: ClassVar[float]
    _deadline: asyncio.TimerHandle | None = None
    _in_head = True  # A connection begins with a head.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn's own.
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.within_s, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_head = False
        self._watch_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_deadline()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # Breaks the cycle of parser and protocol, so that both are freed at once. uvicorn does so only at the end.
        self.parser = None  # type: ignore[assignment]  # As in uvicorn.

    def _watch_deadline(self) -> None:
        # Usually a head arrives in one piece and needs no timer.
        if self._in_head and self._deadline is None:
            self._deadline = self.loop.call_later(self.within_s, self.transport.abort)
        elif not self._in_head and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def deadline_for_heads(head_within_s: float) -> type[asyncio.Protocol]:
    """Make uvicorn's HTTP protocol cut off a connection whose next head does not arrive whole in time."""

    class HeadsInTime(_HeadsInTime):
        within_s = head_within_s

    return HeadsInTime
