"""HTTP connections, bounded in size, time and number: uvicorn's protocol, which bounds none of these.

* **Size**: a head has at most 64 KiB and 100 headers (431), and 16 requests may be sent ahead. The same 64 KiB bound
  everything else that no application sees: trailers, and extensions of chunks. Bodies are bounded where they are read.
* **Time**: a head has 10 s and a whole request 30 s to arrive (408); an answer is read within a minute, or the
  connection is cut.
* **Number**: of connections in all, below the limit of open files, and of each client address.

A request that arrives whole in one piece, as nearly all do, costs no timer and no more than one look at its headers.
One of a client that has used its allowance up is answered here as a rule: the way to the application and back costs
several times as much, and whoever floods a shop is refused hundreds of times a second. Its connection is read again
a quarter of a second later, so refusals on each are few, and a browser that was refused once hardly notices.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, Final, NoReturn
from urllib.parse import unquote

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.answers import problem_bytes
from gateway.client_address import ClientAddresses, counted_as
from gateway.headers import headers_of_all
from gateway.limits import AdmissionControl, too_fast
from gateway.places import Places
from gateway.problems import Problem, too_many
from gateway.refusals import Reason, Refusals

MAX_HEAD_BYTES: Final = 65_536
MAX_HEADERS: Final = 100
_MAX_AHEAD: Final = 16  # Requests on one connection that wait for the one before.
_PAUSE_AT_BYTES: Final = 16_384  # Of an answer, beyond what the kernel takes.
_LINGER_S: Final = 2.0  # For a refused client to read why.
_FULL_WAIT_S: Final = 5.0
_MOST_SKIPPED_BYTES: Final = 65_536  # Of the body of a request that is refused here.
_NOT_HERE: Final = frozenset({b"origin", b"transfer-encoding", b"expect"})  # Headers that the application answers to.

# Strangers' nonsense is counted and logged by `Refusals`; only the shop's own faults are logged here.
_quiet = logging.getLogger("gateway.http")
_quiet.setLevel(logging.ERROR)


class _Refused(Exception):
    """Ends the parsing; the problem is noted on the protocol."""


@dataclass(frozen=True)
class HttpBounds:
    """The bounds of all connections of a server.

    Args:
        places: Of connections.
        addresses: Finds the client behind a proxy.
        refusals: Counts and logs what is refused.
        admission: Decides about requests; None admits all.
        admit_socket: Charges a client address for a websocket; returns the seconds to wait, 0.0 if it is welcome.
        head_within_s: For a head to arrive whole.
        request_within_s: For a request to arrive whole.
        unread_within_s: For an answer to be read.
        rest_s: The pause after a request that was refused for the allowance; its connection is not read before.
        headers: Of every answer that is written here.
    """

    places: Places
    addresses: ClientAddresses
    refusals: Refusals
    admission: AdmissionControl | None = None
    admit_socket: Callable[[str], float] = lambda _: 0.0
    head_within_s: float = 10.0
    request_within_s: float = 30.0
    unread_within_s: float = 60.0
    rest_s: float = 0.25
    headers: Sequence[tuple[bytes, bytes]] = headers_of_all(is_https=False)

    @cached_property
    def written_headers(self) -> bytes:
        """The headers as they are sent: written once."""
        return b"".join(b"%s: %s\r\n" % each for each in self.headers)

    def protocol_class(self) -> type[asyncio.Protocol]:
        """Return the class for `uvicorn.Config(http=...)`."""
        return type("BoundedProtocol", (_BoundedHttp,), {"bounds": self})


class _BoundedHttp(HttpToolsProtocol):
    bounds: ClassVar[HttpBounds]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _quiet
        self._peer = ""
        self._has_place = False
        self._in_head = self._is_arriving = True  # A connection begins with a head.
        self._has_begun = False  # Browsers open connections that they may never use.
        self._unseen_bytes = 0  # Received since the last byte of a body, or since the piece in which a head began.
        self._began_s = 0.0
        self._arrive_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._cut_timer: asyncio.TimerHandle | None = None
        self._rest_timer: asyncio.TimerHandle | None = None
        self._problem: Problem | None = None
        self._reason: Reason = "malformed"
        self._is_refused = False
        self._is_answered = False  # The present request, here.
        self._running: RequestResponseCycle | None = None  # `cycle` is the last one that came, perhaps sent ahead.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn's own.
        """Take a place, or turn the client away."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_PAUSE_AT_BYTES)
        self._peer = counted_as(self.client[0] if self.client else "")
        places = self.bounds.places
        is_shared = self.client is not None and self.bounds.addresses.is_proxy(self.client[0])
        if full := places.full(self._peer, shared=is_shared):
            self._turn_away("connections" if full == "all" else "connections_of_address")
            return
        places.take(self._peer)
        self._has_place = True
        self._watch_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._is_refused = True
        self._leave_running()
        self._stop_timers()
        if self._has_place:
            self._has_place = False
            self.bounds.places.give_back(self._peer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse a piece of a request, and see that the rest of it comes in time."""
        if not self._is_refused:
            self._unseen_bytes += len(data)
            super().data_received(data)
            self._check_arrival()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head = self._is_arriving = self._has_begun = True
        if len(self.pipeline) >= _MAX_AHEAD:
            self._stop_parsing(too_many(1.0, f"At most {_MAX_AHEAD} requests may be sent ahead."), "pipeline")
        self._unseen_bytes = 0
        self._is_answered = False
        if self._arrive_timer is not None:
            self._arrive_timer.cancel()
            self._arrive_timer = None
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Check a head, then hand the request to the application."""
        size, hosts = len(self.url), 0
        for name, value in self.headers:
            size += len(name) + len(value)
            hosts += name == b"host"
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._stop_parsing(_head_too_large(), "head")
        if hosts != 1 and (hosts or self.parser.get_http_version() != "1.0"):  # RFC 9112, 3.2.
            self._stop_parsing(Problem(400, "bad_request", "A request has one Host header."), "host")
        if (path := _path_in(self.url)) is None:
            self._stop_parsing(Problem(400, "bad_request", "The target of a request is a path."), "malformed")
        self._in_head = False
        self._is_answered = self._is_refused_here(path)
        if not self._is_answered:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body."""
        self._unseen_bytes = 0
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_arriving = False
        if self._is_answered:
            self.on_response_complete()
            self._rest()
        else:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on to the next request, or see that the last answer is read."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_within(self.bounds.unread_within_s)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if its last answer is not read."""
        super().timeout_keep_alive_handler()
        self._cut_within(_LINGER_S)

    def pause_writing(self) -> None:
        """Give the client a time to read."""
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(self.bounds.unread_within_s, self._cut_unread)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to a websocket, with its place."""
        self._is_arriving, self._in_head = False, True  # There is nothing but a head to answer.
        address = self.bounds.addresses.of(self.client[0] if self.client else "", self.headers)
        if wait_s := self.bounds.admit_socket(address):
            self._refuse(too_fast(wait_s), "requests")
            return
        self._stop_timers()
        self.flow.resume_reading()  # It may have been sent right behind a request that was refused.
        self._is_refused = True  # Nothing more comes here.
        self.app_state = {"address": address}
        if self._has_place:
            self._has_place = False
            self.app_state["on_lost"] = partial(self.bounds.places.give_back, self._peer)
        super().handle_websocket_upgrade()
        # Breaks the cycle of parser and protocol, so that both are freed at once. uvicorn does so only at the end.
        self.parser = None  # type: ignore[assignment]  # As in uvicorn.

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's own words.
        """Refuse what the parser stopped at."""
        self._refuse_request(self._problem or Problem(400, "bad_request", "This is no HTTP request."), self._reason)

    def _is_refused_here(self, path: str) -> bool:
        """Decide about a request; answer it if it is refused, unless only the application can.

        One that was sent ahead is decided about when its turn comes: what is before it may be charged afterwards.
        """
        method = self.parser.get_method().decode("ascii")
        is_upgrade = self.parser.should_upgrade() and self._should_upgrade()
        is_ahead = self.cycle is not None and not self.cycle.response_complete
        if self.bounds.admission is None or is_upgrade or is_ahead or method == "OPTIONS":
            return False
        admission = self.bounds.admission.admit(method, path, self.client[0] if self.client else "", self.headers)
        self.scope["state"]["admission"] = admission
        if not admission.wait_s or method == "HEAD" or not self._can_answer():
            return False
        self.transport.write(problem_bytes(admission.refusal(), self.bounds.written_headers, closes=False))
        return True

    def _rest(self) -> None:
        """Leave a connection unread for a while; the kernel holds what is sent meanwhile, up to its own bound."""
        if self._rest_timer is None and not self.transport.is_closing():
            self.flow.pause_reading()
            self._rest_timer = self.loop.call_later(self.bounds.rest_s, self._read_on)

    def _read_on(self) -> None:
        self._rest_timer = None
        self.flow.resume_reading()

    def _can_answer(self) -> bool:
        """Whether a request can be answered without the application, and the connection goes on after that."""
        headers = dict(self.headers)
        return (
            not self.flow.write_paused
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and _NOT_HERE.isdisjoint(headers)
            and int(headers.get(b"content-length", b"0")) <= _MOST_SKIPPED_BYTES
        )

    def _stop_parsing(self, problem: Problem, reason: Reason) -> NoReturn:
        self._problem, self._reason = problem, reason
        raise _Refused

    def _check_arrival(self) -> None:
        if self._is_refused:
            return
        if self._is_arriving and self._unseen_bytes > MAX_HEAD_BYTES:
            self._refuse_request(_head_too_large(), "head")
        else:
            self._watch_arrival()

    def _watch_arrival(self) -> None:
        # Usually a request arrives in one piece and needs no timer.
        if self._is_arriving and self._arrive_timer is None:
            self._began_s = self.loop.time()
            within_s = self.bounds.head_within_s if self._in_head else self.bounds.request_within_s
            self._arrive_timer = self.loop.call_later(within_s, self._arrives_late)
        elif not self._is_arriving and self._arrive_timer is not None:
            self._arrive_timer.cancel()
            self._arrive_timer = None

    def _arrives_late(self) -> None:
        left_s = self._began_s + self.bounds.request_within_s - self.loop.time()
        if not self._in_head and left_s > 0:
            self._arrive_timer = self.loop.call_later(left_s, self._arrives_late)
        else:
            self._refuse_request(Problem(408, "request_timeout", "The request did not arrive in time."), "late")

    def _turn_away(self, reason: Reason) -> None:
        detail = "Too many connections; try again in a few seconds."
        is_full = reason == "connections"
        self._has_begun = True  # Or there would be nothing to answer.
        problem = Problem(503, "unavailable", detail, headers={"Retry-After": f"{_FULL_WAIT_S:g}"})
        self._refuse(problem if is_full else too_many(_FULL_WAIT_S, detail), reason, lingers=False)

    def _refuse_request(self, problem: Problem, reason: Reason) -> None:
        """Refuse what is no request. It costs one, unless its head was a good one, and charged."""
        if self._in_head and self._has_begun and self.bounds.admission is not None:
            self.bounds.admission.charge(self.client[0] if self.client else "", self.headers)
        self._refuse(problem, reason)

    def _refuse(self, problem: Problem, reason: Reason, *, lingers: bool = True) -> None:
        """Answer with a problem where an answer is due, and end the connection.

        It is closed in two steps as a rule: closed at once while the client still sends, it would be reset, and the
        client might never read why. Source: RFC 9112, 9.6.
        """
        self.bounds.refusals.note(reason, self._peer)
        self._is_refused = True
        self._stop_timers()
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        is_due = self._is_answer_due()
        self._leave_running()
        self._cut_within(_LINGER_S)
        if is_due:
            self.transport.write(problem_bytes(problem, self.bounds.written_headers))
        if is_due and lingers and self.transport.can_write_eof():
            self.transport.write_eof()
            self.flow.resume_reading()
        else:
            self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _leave_running(self) -> None:
        """Note for the request in progress that its client has left: what it writes goes nowhere."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _is_answer_due(self) -> bool:
        """Whether the next bytes that the client expects are the answer to the refused request."""
        if self._in_head:
            return self._has_begun and (self.cycle is None or self.cycle.response_complete)
        is_begun = self.cycle is not None and self.cycle.response_started
        return not self._is_answered and not is_begun and not self.pipeline

    def _cut_within(self, within_s: float) -> None:
        if self._cut_timer is None:
            self._cut_timer = self.loop.call_later(within_s, self.transport.abort)

    def _cut_unread(self) -> None:
        self.bounds.refusals.note("unread", self._peer)
        self.transport.abort()

    def _stop_timers(self) -> None:
        for timer in (self._arrive_timer, self._unread_timer, self._cut_timer, self._rest_timer):
            if timer is not None:
                timer.cancel()
        self._arrive_timer = self._unread_timer = self._cut_timer = self._rest_timer = None


def _path_in(target: bytes) -> str | None:
    """Return the path of a request's target, without escapes; None if it has none. Source: RFC 9112, 3.2."""
    try:
        path = httptools.parse_url(target).path
        return unquote(path.decode("ascii")) if path else None
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        return None


def _head_too_large() -> Problem:
    detail = f"At most {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers."
    return Problem(431, "headers_too_large", detail)
