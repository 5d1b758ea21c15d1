"""A server behind the bounds of HTTP connections, and a client that sends it bytes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import uvicorn

from gateway.client_address import ClientAddresses, read_networks
from gateway.guard import make_guard
from gateway.headers import headers_of_all
from gateway.http_protocol import HttpBounds
from gateway.limiter import Limiter
from gateway.limits import AdmissionControl, RouteCost
from gateway.places import Places
from gateway.rate_limit import RateLimit
from gateway.refusals import Refusals
from gateway.settings import EdgeSettings

PATIENCE_S = 10.0
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Stopwatch:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


@dataclass
class Running:
    port: int
    places: Places
    bodies: list[int]  # Their lengths.


SAFE = {b"%s: %s" % each for each in headers_of_all(is_https=True)}


@asynccontextmanager
async def server(
    *,
    most: int = 1000,
    most_each: int = 0,
    answer: bytes = b"hello",
    answers_after: asyncio.Event | None = None,
    proxies: str = "",
    **bounds: Any,
) -> AsyncIterator[Running]:
    """An application that reads all bodies, behind the bounds."""
    bodies: list[int] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        length = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length += len(message["body"])
            if not message["more_body"]:
                break
        bodies.append(length)
        if answers_after is not None:
            await answers_after.wait()
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    places = Places(most, most_each)
    refusals = Refusals(asyncio.get_running_loop().time)
    protocol = HttpBounds(places, ClientAddresses(read_networks(proxies)), refusals, **bounds).protocol_class()
    config = uvicorn.Config(app, host="127.0.0.1", port=0, http=protocol, ws="none", lifespan="off", log_config=None)
    config.load()
    made = uvicorn.Server(config)
    made.lifespan = config.lifespan_class(config)
    await made.startup()
    try:
        yield Running(made.servers[0].sockets[0].getsockname()[1], places, bodies)
    finally:
        await asyncio.wait_for(made.shutdown(), PATIENCE_S)


@asynccontextmanager
async def connected(
    live: Running, address: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port, local_addr=(address, 0))
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(live: Running, *pieces: bytes) -> bytes:
    """Send piece by piece, and give all that is answered until the other side ends."""
    async with connected(live) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            with suppress(ConnectionError):
                await writer.drain()
        return await asyncio.wait_for(reader.read(), PATIENCE_S)


def refusal(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    lines = head.split(b"\r\n")
    assert b"content-type: application/problem+json" in lines
    assert [b"%s: %s" % each for each in headers_of_all(is_https=False)] == [line for line in lines if line in SAFE]
    problem = msgspec.json.decode(body, type=dict[str, Any])
    assert problem["status"] == status
    return status, problem["code"]


def control(now: Callable[[], float], units: int) -> AdmissionControl:
    """An allowance of so many units, which grows by a tenth of that in a second; each request costs one."""
    limit = Limiter(RateLimit(units, 10.0), now)
    guard = make_guard(EdgeSettings(shopflow_port=0), now, lambda: datetime.now(UTC), rest_s=3600.0, is_shared=False)
    return AdmissionControl(replace(guard, requests=limit), [RouteCost("/signed", 1, "signed"), RouteCost(".*", 1)])


async def answers(live: Running, *requests: bytes) -> list[int]:
    """Send requests on one connection, each when the one before is answered; give the statuses."""
    statuses = []
    async with connected(live) as (reader, writer):
        for request in requests:
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            statuses.append(int(head.split()[1]))
            if not request.startswith(b"HEAD"):
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
    return statuses
