"""A live edge on a real uvicorn at a port of its own, and the few words to talk to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import uvicorn
from prometheus_client import REGISTRY
from websockets.asyncio.client import ClientConnection, connect

from bus.messages.inventory import StockLevel
from bus.messages.order import OrderProgressed
from gateway.bundles import LiveLevel
from gateway.client_address import ClientAddresses
from gateway.http_protocol import HttpBounds
from gateway.live import Hub, LiveSettings
from gateway.places import Places
from gateway.refusals import Refusals

PATIENCE_S = 10.0
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)

Message = dict[str, Any]  # JSON, whatever was said.


class Shelf:
    """What the hub reads. Reads wait while it is shut."""

    def __init__(self) -> None:
        self.levels: dict[str, StockLevel] = {}
        self.parts: dict[str, tuple[str, ...]] = {}  # Of bundles.
        self.keys: dict[str, frozenset[str]] = {}  # Of staff, by the token.
        self.key_reads: list[str] = []
        self.orders: dict[tuple[str, str], OrderProgressed] = {}
        self.reads: list[Sequence[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False
        self.unreadable = set[str]()  # SKUs with which no read succeeds.

    def put(self, sku: str, available: int, version: int) -> StockLevel:
        level = self.levels[sku] = StockLevel(sku=sku, available=available, version=version)
        return level

    async def read(self, skus: Sequence[str]) -> list[LiveLevel]:
        self.reads.append(skus)
        # As of now, however long the answer takes.
        levels = [LiveLevel(self.levels[sku], self.parts.get(sku, ())) for sku in skus if sku in self.levels]
        await self.open.wait()
        if self.broken or not self.unreadable.isdisjoint(skus):
            raise ConnectionError
        return levels

    async def read_keys(self, token: str) -> frozenset[str] | None:
        self.key_reads.append(token)
        if self.broken:
            raise ConnectionError
        return self.keys.get(token)

    async def read_order(self, order_id: str, token: str) -> OrderProgressed | None:
        await self.open.wait()
        return self.orders.get((order_id, token))


class Edge:
    """A running edge."""

    def __init__(self, hub: Hub, shelf: Shelf, server: uvicorn.Server) -> None:
        self.hub = hub
        self.shelf = shelf
        self.server = server

    @property
    def port(self) -> int:
        port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return port

    def connect(self, path: str = "/live", **options: Any) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}{path}", proxy=None, compression=None, **options)

    async def stop(self) -> None:
        """End it as uvicorn does on SIGTERM; without a limit of its own it waits for all connections."""
        await soon(self.server.shutdown())


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answer all HTTP requests alike."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@asynccontextmanager
async def edge(
    *, head_within_s: float = 10.0, read_sold: Any = None, flow: Any = None, **settings: Any
) -> AsyncIterator[Edge]:
    shelf = Shelf()
    loop = asyncio.get_running_loop()
    bounds = HttpBounds(Places(10_000, 0), ClientAddresses(), Refusals(loop.time), head_within_s=head_within_s)
    hub = Hub(
        shelf.read,
        shelf.read_order,
        settings=LiveSettings(**settings),
        read_sold=read_sold,
        read_keys=shelf.read_keys,
        flow=flow,
    )
    config = uvicorn.Config(
        hello,
        host="127.0.0.1",
        port=0,
        ws=hub.protocol_class(),
        http=bounds.protocol_class(),
        lifespan="off",
        log_config=None,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()  # `serve` does this too, but then looks only ten times a second whether it should end.
    running = asyncio.create_task(hub.run())
    live = Edge(hub, shelf, server)
    try:
        yield live
    finally:
        await live.stop()
        running.cancel()
        await asyncio.wait([running])


async def soon(awaitable: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(awaitable, PATIENCE_S)


async def say(socket: ClientConnection, op: str, **fields: Any) -> None:
    await socket.send(json.dumps({"op": op, **fields}))


async def hear(socket: ClientConnection) -> Message:
    message: Message = json.loads(await soon(socket.recv(decode=False)))
    return message


async def subscribe(socket: ClientConnection, *skus: str, **fields: Any) -> list[Message]:
    """Subscribe and give the snapshot."""
    await say(socket, "subscribe", skus=skus, **fields)
    answer = await hear(socket)
    assert answer["op"] == "subscribed"
    stock: list[Message] = answer["stock"]
    return stock


async def nothing_more(socket: ClientConnection) -> None:
    """All that was said has been heard: the answer to a last question is the next message."""
    await say(socket, "fine?")
    assert (await hear(socket))["code"] == "unknown_op"


def levels_of(message: Message) -> list[Message]:
    if message["op"] == "stock":
        return [{key: message[key] for key in ("sku", "available", "version")}]
    return list(message["stock"])


def shown(*levels: StockLevel) -> list[Message]:
    return [msgspec.to_builtins(level) for level in levels]


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"shopflow_live_{name}", labels) or 0.0
