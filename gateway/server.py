"""The server: uvicorn on one port, for HTTP, pages and websockets or for operations; wiring/ starts and stops it."""

import asyncio
import contextlib
import errno
import resource
import socket
from collections.abc import Iterator

import uvicorn
from litestar.types import ASGIApp

from engine.errors import BadSetting
from gateway.http_protocol import HttpBounds
from gateway.live import Hub

_GRACE_S = 3  # For requests in progress when the server must stop.
_POLL_S = 0.005  # Between two checks for requests in progress.
_TICK_S = 1.0
_BACKLOG = 4096  # Connections that wait to be accepted.
_OTHER_FILES = 256  # That a process has open beside its visitors' connections: databases, services, logs.


def bind(host: str, port: int, *, setting: str = "SHOPFLOW") -> socket.socket:
    """Take the port, before anything else is started, and listen on it.

    Args:
        host: A name or address of this machine.
        port: 0 takes any free one.
        setting: What the names of the two settings begin with.

    Raises:
        BadSetting: The port is taken, or the address is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Without the protocol asyncio does not know that this is TCP, leaves Nagle on, and two writes take 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise BadSetting(f"{setting}_HOST: there is no {host} ({error.strerror})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # At once: a port that is only bound can be bound by others too. Early clients wait until we are ready.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise BadSetting(f"{setting}_HOST: {host} is not an address of this machine") from error
        raise BadSetting(
            f"{setting}_PORT: can't listen on {host}:{port} ({error.strerror}); "
            "stop the program that has it, or set another port (0 takes any free one)"
        ) from error
    return listener


def most_connections(wanted: int) -> int:
    """Raise the limit of open files as far as is needed and allowed; return how many connections fit below it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    goal = wanted + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < goal:
        soft = goal if hard == resource.RLIM_INFINITY else min(goal, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS allows fewer than it says.
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - _OTHER_FILES))


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals are handled in cli/serve.py."""

    def __init__(self, app: ASGIApp, bounds: HttpBounds, hub: Hub | None = None) -> None:
        config = uvicorn.Config(
            app,
            ws=hub.protocol_class() if hub else "none",
            http=bounds.protocol_class(),
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,  # gateway/client_address.py reads them, and believes few.
            timeout_keep_alive=30,
            backlog=_BACKLOG,
            limit_concurrency=None,
        )
        super().__init__(config)
        self.is_up = asyncio.Event()
        self._is_down = asyncio.Event()
        self._stop_requested = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        finally:
            self._is_down.set()

    async def main_loop(self) -> None:
        """Run until `stop` is called. uvicorn's own loop polls ten times a second whether to stop."""
        while not await self.on_tick(0):  # A tick sets the time in responses' headers.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._stop_requested.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down as uvicorn does, but poll open requests more often: uvicorn waits at least a tenth of a second."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in self.server_state.connections.copy():
            connection.shutdown()
        try:
            async with asyncio.timeout(_GRACE_S):
                while self._has_requests:  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()

    @property
    def _has_requests(self) -> bool:
        """Whether a request is still to be answered."""
        return bool(self.server_state.connections or self.server_state.tasks) and not self.force_exit

    async def stop(self) -> None:
        """Refuse new requests, answer those in progress, and return when that is done."""
        self.should_exit = True
        self._stop_requested.set()
        await self._is_down.wait()
