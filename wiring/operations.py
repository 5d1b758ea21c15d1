"""The listener for operations: metrics and health, on a port of their own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

from engine.errors import BadSetting
from engine.services import Services
from gateway.client_address import ClientAddresses
from gateway.http_protocol import HttpBounds
from gateway.operations import make_operations_app
from gateway.places import Places
from gateway.refusals import Refusals
from gateway.server import Server, bind
from gateway.settings import EdgeSettings, url_of

_ABOVE_PUBLIC = 2  # The sandbox is one above.
_MOST_CONNECTIONS = 64  # One that reads metrics needs a few, an orchestrator that asks for health one more.


@contextmanager
def bind_operations(settings: EdgeSettings, public_port: int) -> Iterator[socket.socket | None]:
    """Hold the port for operations until the block ends; None if it is switched off.

    A port that was asked for is taken or refused, as whatever reads metrics there would read another shop's. One that
    nobody asked for must not keep a second shop on this machine from starting: it is then any free one.

    Args:
        settings: Of the edge.
        public_port: The port that is served to all; without a gateway, the one that would be.

    Raises:
        BadSetting: The port was asked for and is taken, or the address is not this machine's.
    """
    host, port = settings.shopflow_operations_host, settings.shopflow_operations_port
    if port == "off":
        yield None
        return
    with _bind_near(host, public_port) if port is None else _bind(host, port) as listener:
        yield listener


@asynccontextmanager
async def open_operations(services: Services, listener: socket.socket | None) -> AsyncIterator[str]:
    """Serve metrics and health until the block ends; yields their URL, "" if there is no listener."""
    if listener is None:
        yield ""
        return
    host, port = listener.getsockname()[:2]
    bounds = HttpBounds(Places(_MOST_CONNECTIONS, 0), ClientAddresses(), Refusals(asyncio.get_running_loop().time))
    server = Server(make_operations_app(services.database, services.redis), bounds)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        await server.is_up.wait()
        try:
            yield url_of(host, port)
        finally:
            with anyio.CancelScope(shield=True):
                await server.stop()
            tasks.cancel_scope.cancel()


def _bind_near(host: str, public_port: int) -> socket.socket:
    try:
        return _bind(host, min(public_port + _ABOVE_PUBLIC, 65535))
    except BadSetting:
        return _bind(host, 0)


def _bind(host: str, port: int) -> socket.socket:
    return bind(host, port, setting="SHOPFLOW_OPERATIONS")
