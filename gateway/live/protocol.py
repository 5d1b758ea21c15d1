"""A websocket: bytes in, bytes out, no task and no queue.

The protocol itself is `websockets.server.ServerProtocol`, which does no I/O; this module bounds its cost.

                 handshake           the transport holds too much
    CONNECTING ────────────> OPEN ──────────────────────────────> SLOW
         │                    │ ^                                 │ │
         │                    │ └───────── it has drained ────────┘ │
         │ refused            │ closed, failed, lost                │ evicted, closed, lost
         └───────────> CLOSING <────────────────────────────────────┘

Nothing is read from a SLOW client, and changes are only noted (`dirty`), to be sent at their newest when the transport
has drained. Compression is off: it would cost each connection more memory than all the rest, and no frame could be
shared.

The handshake has its own ServerProtocol, which is dropped afterwards with the request it holds (3 KB).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum, auto
from typing import Any, ClassVar, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.live import frames, handshake
from gateway.live.messages import LiveRefusal, decode, error
from gateway.live.metrics import EVICTED, PINGS, REFUSED
from gateway.live.ports import Connection, Connections
from gateway.live.topics import newest

BINARY_COST = 20  # A binary frame counts as so many messages: no honest client sends many.

# Connections that open and close are counted, not logged.
_quiet = logging.getLogger("gateway.live.wire")
_quiet.setLevel(logging.WARNING)


class ClientState(Enum):
    """The state of a websocket client."""

    CONNECTING = auto()  # Its handshake is still to come.
    OPEN = auto()
    SLOW = auto()  # It does not read as fast as it is written to.
    CLOSING = auto()  # Nothing is sent to it any more, and of what it sends only its close frame counts.


class Client(asyncio.Protocol, Connection):
    """A websocket client, as uvicorn's `ws` protocol. Made for one hub by `Hub.protocol_class`."""

    __slots__ = ("_connections", "_on_lost", "_parts", "_state", "_tat_s", "_wire", "pinged")
    hub: ClassVar[Connections]

    def __init__(
        self,
        config: Config,  # noqa: ARG002  # uvicorn passes it by name.
        server_state: ServerState,
        app_state: Mapping[str, Any],  # Of this connection, by gateway/http_protocol.py.
    ) -> None:
        super().__init__()
        self.address = app_state.get("address", "")
        self._on_lost: Callable[[], None] | None = app_state.get("on_lost")
        # uvicorn's type lists its own protocols; it calls no more than `shutdown` on them.
        self._connections = cast("set[asyncio.Protocol]", server_state.connections)
        self._state = ClientState.CONNECTING
        self._wire: ServerProtocol | None = None  # Once its handshake is accepted.
        self._parts: bytearray | None = None  # Of a message in several frames.
        self._tat_s = 0.0  # Of the rate limit on its messages.
        self.pinged = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over from uvicorn's HTTP protocol."""
        self.transport = cast("asyncio.Transport", transport)
        self.write = self.transport.write
        self._connections.add(self)
        settings = self.hub.settings
        self.transport.set_write_buffer_limits(high=settings.pause_at_bytes)
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            # The kernel would buffer up to 4 MB for a client that does not read, and all of it would be old.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.kernel_buffer_bytes)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget the client: nothing can be sent to it any more."""
        self._state = ClientState.CLOSING
        self._connections.discard(self)
        self.hub.left(self)
        if self._on_lost is not None:
            self._on_lost()

    def data_received(self, data: bytes) -> None:
        """Read a whole handshake, then frames, complete or in parts."""
        if self._state is ClientState.CONNECTING:
            self._shake_hands(data)
        elif self._wire is not None:
            self._wire.receive_data(data)
            pongs = iter(self._wire.data_to_send() if self._wire.state is State.OPEN else ())
            for event in self._wire.events_received():
                if isinstance(event, Frame) and self._state is not ClientState.CLOSING:
                    self._on_frame(event)
                    if event.opcode is Opcode.PING:
                        self.write(next(pongs, b""))
            self._flush(self._wire)

    def eof_received(self) -> None:
        """End the connection: without a close frame no reader is left."""
        self._state = ClientState.CLOSING
        self.hub.forget(self)
        self.transport.abort()

    def pause_writing(self) -> None:
        """Note changes instead of sending them, and stop reading: a client that does not read can't request more."""
        if self._state is not ClientState.OPEN or self.transport.is_closing():
            return
        self._state = ClientState.SLOW
        self.dirty = set()
        self.transport.pause_reading()
        self.hub.became_slow(self)

    def resume_writing(self) -> None:
        """Send the newest values of all that changed meanwhile."""
        if self._state is not ClientState.SLOW or self.transport.is_closing():
            return
        self._state = ClientState.OPEN
        dirty, self.dirty = self.dirty, None
        self.hub.caught_up(self)
        self.transport.resume_reading()
        for message in newest(dirty or ()):
            self.send(message)

    def shutdown(self) -> None:
        """Close the connection, because uvicorn shuts down."""
        self.close(CloseCode.SERVICE_RESTART, "restarting")

    def send(self, payload: bytes) -> None:
        """Send a message now, or close the connection if too much is unread."""
        if self._state is ClientState.CLOSING:
            return
        if self.transport.get_write_buffer_size() > self.hub.settings.max_buffered_bytes:
            self.evict("buffer")
            return
        self.write(frames.text(payload))

    def ping(self) -> None:
        """Ping the client; close the connection if the last ping was not answered."""
        if self._state is not ClientState.OPEN:
            return  # To a slow client the ping would wait behind unread bytes; its time is measured already.
        if self.pinged:
            EVICTED.labels("silent").inc()
            self.close(CloseCode.INTERNAL_ERROR, "no pong")
        else:
            self.pinged = True
            self.write(frames.PING)
            PINGS.inc()

    def evict(self, reason: str) -> None:
        """Close the connection because the client is too slow; it may reconnect."""
        EVICTED.labels(reason).inc()
        self.close(CloseCode.TRY_AGAIN_LATER, "too slow")

    def close(self, code: CloseCode, reason: str) -> None:
        """Send a close frame, and cut the connection if none comes back in time."""
        if self._state is ClientState.CLOSING or self._wire is None or self._wire.state is not State.OPEN:
            return
        self._wire.send_close(code, reason)
        self._leave(self._wire)

    def _shake_hands(self, data: bytes) -> None:
        if refused := self.hub.turns_away(self.address):
            REFUSED.labels(f"{refused[0]}").inc()
            self.write(handshake.refusal(*refused, self.hub.settings.headers))
            self._hang_up()
            return
        wire = ServerProtocol(logger=_quiet)
        wire.receive_data(data)
        status = 400
        for event in wire.events_received():
            if isinstance(event, Request):
                response = handshake.answer(wire, event, self.hub.settings)
                self.session = handshake.session_in(event, self.hub.settings)
                self.staff = handshake.staff_in(event, self.hub.settings)
                wire.send_response(response)
                status = response.status_code
        response_bytes = b"".join(wire.data_to_send())
        if status == 101:
            self._wire = ServerProtocol(state=State.OPEN, max_size=self.hub.settings.max_inbound_bytes, logger=_quiet)
            self._state = ClientState.OPEN
            self.write(response_bytes)
            self.hub.joined(self)
        else:
            REFUSED.labels(str(status)).inc()
            self.write(response_bytes)
            self._hang_up()

    def _on_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            return
        if frame.opcode is Opcode.PONG and self.pinged:
            self.pinged = False
        elif not self._charge(BINARY_COST if frame.opcode is Opcode.BINARY else 1):
            self._fail(CloseCode.POLICY_VIOLATION, "too many messages")
        elif frame.opcode is Opcode.BINARY:
            self._parts = None
            self.send(error(LiveRefusal("binary", "Messages are JSON in text frames.")))
        else:
            self._assemble(frame)

    def _assemble(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:
            self._parts = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT and self._parts is not None:
            self._parts += frame.data
        else:
            return  # A ping, which the wire answers, an unsolicited pong, or the rest of a binary message.
        if frame.fin:
            message, self._parts = self._parts, None
            self._handle(message)

    def _handle(self, message: bytearray) -> None:
        try:
            message.decode()
        except UnicodeDecodeError:  # Source: RFC 6455, 8.1.
            self._fail(CloseCode.INVALID_DATA, "not UTF-8")
            return
        try:
            self.hub.handle(self, decode(message))
        except LiveRefusal as refused:
            self.send(error(refused))

    def _charge(self, messages: int) -> bool:
        """Charge messages to the client's rate limit; False if it does not allow them."""
        limit, now = self.hub.messages, self.hub.loop.time()
        self._tat_s = limit.charge(self._tat_s, now, messages)
        return limit.allows(self._tat_s, now)

    def _fail(self, code: CloseCode, reason: str) -> None:
        """Close the connection for abuse; further input is dropped unread."""
        assert self._wire is not None
        EVICTED.labels("abuse").inc()
        self._wire.fail(code, reason)
        self._leave(self._wire)

    def _flush(self, wire: ServerProtocol) -> None:
        """Write the wire's output, and close the connection when the wire has ended."""
        if wire.state is State.OPEN:
            for data in wire.data_to_send():  # Pongs.
                self.write(data)
        elif self._state is not ClientState.CLOSING:
            if wire.parser_exc is not None:
                EVICTED.labels("protocol").inc()
            self._leave(wire)
        elif wire.close_rcvd is not None:
            self.transport.close()

    def _leave(self, wire: ServerProtocol) -> None:
        """Send the wire's close frame, and make sure that the connection ends."""
        was_slow, self._state = self._state is ClientState.SLOW, ClientState.CLOSING
        self.hub.forget(self)
        self.hub.caught_up(self)
        self.write(b"".join(wire.data_to_send()))
        if was_slow and not self.transport.is_closing():
            self.transport.resume_reading()  # For the close frame of a client that answers.
        if wire.close_rcvd is not None:
            self._hang_up()
            return
        if wire.eof_sent and self.transport.can_write_eof():
            # Close only our half: closing while the client still sends would reset the connection, and the client
            # might never read the reason.
            with suppress(RuntimeError):
                self.transport.write_eof()
        self._cut_off_later()

    def _hang_up(self) -> None:
        self._state = ClientState.CLOSING
        self.transport.close()
        self._cut_off_later()  # `close` waits until the buffer is read.

    def _cut_off_later(self) -> None:
        self.hub.loop.call_later(self.hub.settings.close_within_s, self._cut_off)

    def _cut_off(self) -> None:
        if self in self._connections:  # asyncio's transports may fail if they are aborted after their end.
            self.transport.abort()
