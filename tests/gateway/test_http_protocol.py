"""Connections and requests that are too large, too slow or too many: each is answered, ended and noted."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import uvicorn
from structlog.testing import capture_logs

from gateway.client_address import ClientAddresses, read_networks
from gateway.guard import make_guard
from gateway.headers import headers_of_all
from gateway.http_protocol import HttpBounds
from gateway.limiter import Limiter
from gateway.limits import AdmissionControl, RouteCost
from gateway.places import Places
from gateway.rate_limit import RateLimit
from gateway.refusals import Refusals
from gateway.server import most_connections
from gateway.settings import EdgeSettings
from tests.waiting import eventually

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
    *, most: int = 1000, most_each: int = 0, answer: bytes = b"hello", proxies: str = "", **bounds: Any
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


def headers(lines: Iterable[bytes]) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [headers(b"X-%d: y" % number for number in range(100))],
        [headers([b"X: " + b"y" * 66_000])],
        [b"GET / HTTP/1.1\r\nHost: a\r\nX: ", *[b"y" * 10_000] * 40],
        [b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"],
        [b"GET /", *[b"y" * 10_000] * 40],
        [b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", *[b"y" * 10_000] * 40],
        [b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;", *[b"y" * 10_000] * 40],
    ],
    ids=["101 headers", "a large one", "one without end", "a large path", "one without end", "a trailer", "a chunk's"],
)
async def test_a_head_that_is_too_large_is_431(pieces: Sequence[bytes]) -> None:
    async with server() as live:
        assert refusal(await exchange(live, *pieces)) == (431, "headers_too_large")


async def test_the_largest_head_is_taken() -> None:
    async with server() as live, connected(live) as (reader, writer):
        writer.write(headers([*(b"X-%d: y" % number for number in range(98)), b"X: " + b"y" * 64_000]))

        assert (await asyncio.wait_for(reader.readline(), PATIENCE_S)).startswith(b"HTTP/1.1 200")


async def test_a_large_body_in_small_chunks_is_taken() -> None:
    async with server() as live, connected(live) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 50_000)
        writer.write(b"0\r\n\r\n")

        assert (await asyncio.wait_for(reader.readline(), PATIENCE_S)).startswith(b"HTTP/1.1 200")
        assert live.bodies == [50_000]


@pytest.mark.parametrize(
    "beginning",
    [b"GET / HT", GET + b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"],
    ids=["half a head", "half of the second head", "half a body"],
)
async def test_a_request_that_does_not_become_whole_is_408(beginning: bytes) -> None:
    async with server(head_within_s=0.1, request_within_s=0.2) as live:
        answer = await exchange(live, beginning)

        assert refusal(answer[answer.rindex(b"HTTP/1.1") :]) == (408, "request_timeout")
        assert await eventually(lambda: not len(live.places))


async def test_a_connection_that_is_never_used_is_closed_without_a_word() -> None:
    async with server(head_within_s=0.1) as live:
        assert await exchange(live) == b""


async def test_a_body_that_goes_on_after_its_answer_ends_without_another() -> None:
    async with server(request_within_s=0.2, most=1) as live:
        answer = await exchange(live, GET, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")

        assert answer.count(b"HTTP/1.1 200") == 1
        assert answer.count(b"HTTP/1.1 408") == 1


async def test_a_body_may_take_longer_than_a_head() -> None:
    async with server(head_within_s=0.05, request_within_s=PATIENCE_S) as live, connected(live) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha")
        writer.write(b"")
        async with connected(live) as (other, _):  # Silent for as long as a head may take.
            await asyncio.wait_for(other.read(), PATIENCE_S)
        writer.write(b"lf")

        assert (await asyncio.wait_for(reader.readline(), PATIENCE_S)).startswith(b"HTTP/1.1 200")


async def test_an_answer_that_is_not_read_ends_the_connection() -> None:
    async with server(answer=b"x" * 30_000_000, unread_within_s=0.2) as live:
        with socket.create_connection(("127.0.0.1", live.port)) as deaf, capture_logs() as logged:
            deaf.sendall(GET)
            assert await eventually(lambda: len(live.places) == 1)
            assert await eventually(lambda: not len(live.places))

        assert [line["reason"] for line in logged] == ["unread"]


async def test_an_answer_that_is_read_late_is_read() -> None:
    async with server(answer=b"x" * 30_000_000) as live, connected(live) as (reader, writer):
        writer.write(GET)
        assert await eventually(lambda: bool(live.bodies))

        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        assert len(await asyncio.wait_for(reader.readexactly(30_000_000), PATIENCE_S)) == 30_000_000


async def test_connections_of_one_address_are_bounded_and_others_are_let_in() -> None:
    async with server(most_each=2) as live, connected(live), connected(live):
        assert await eventually(lambda: len(live.places) == 2)

        with capture_logs() as logged:
            assert refusal(await exchange(live)) == (429, "too_many_requests")
            assert refusal(await exchange(live)) == (429, "too_many_requests")
        async with connected(live, "127.0.0.2") as (reader, writer):
            writer.write(GET)
            assert (await asyncio.wait_for(reader.readline(), PATIENCE_S)).startswith(b"HTTP/1.1 200")

        assert [(line["reason"], line["address"]) for line in logged] == [("connections_of_address", "127.0.0.1")]
    async with server(most_each=1) as live:
        for _ in range(3):  # A place is free again when its connection has ended.
            async with connected(live) as (reader, writer):
                writer.write(GET)
                assert (await asyncio.wait_for(reader.readline(), PATIENCE_S)).startswith(b"HTTP/1.1 200")
            assert await eventually(lambda: not len(live.places))


async def test_a_trusted_proxy_has_as_many_connections_as_there_are() -> None:
    async with server(most=2, most_each=1, proxies="127.0.0.1") as live, connected(live), connected(live):
        assert await eventually(lambda: len(live.places) == 2)

        assert refusal(await exchange(live)) == (503, "unavailable")


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    ],
)
async def test_a_request_has_one_host(request_head: bytes, status: int) -> None:
    async with server() as live:
        answer = await exchange(live, request_head)

        assert answer.startswith(b"HTTP/1.1 %d" % status)
        if status == 400:
            assert refusal(answer) == (400, "bad_request")


async def test_requests_sent_ahead_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    async with server() as live:
        with suppress(ConnectionResetError):
            await exchange(live, GET * 5000)

        assert await eventually(lambda: not len(live.places))
        assert len(live.bodies) <= 17
        assert not [record for record in caplog.records if record.exc_info]


async def test_a_few_requests_sent_ahead_are_answered_in_order() -> None:
    async with server() as live:
        last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

        assert (await exchange(live, GET * 10 + last)).count(b"HTTP/1.1 200") == 11


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


async def nothing(reader: asyncio.StreamReader) -> bool:
    """Whether nothing more has come."""
    try:
        await asyncio.wait_for(reader.readexactly(1), 0.1)
    except TimeoutError:
        return True
    return False


async def test_whoever_asks_too_much_is_answered_before_the_application_and_may_go_on() -> None:
    now = Stopwatch()
    post = b"POST /carts HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    async with server(admission=control(now, 4)) as live, connected(live) as (reader, writer):

        async def ask(request: bytes) -> tuple[int, str]:
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
            return (200, "") if b" 200 " in head else refusal(head + body)

        assert [await ask(GET) for _ in range(6)] == [(200, "")] * 4 + [(429, "too_many_requests")] * 2
        assert await ask(post) == await ask(GET) == (429, "too_many_requests")
        now.s += 5.0
        assert [await ask(post), await ask(GET)] == [(200, "")] * 2
        assert live.bodies == [0] * 4 + [5, 0]


async def test_a_connection_rests_after_a_refusal_and_others_are_served_meanwhile() -> None:
    async with server(admission=control(Stopwatch(), 1), rest_s=3600.0) as live, connected(live) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"hello")
        writer.write(GET)
        assert b" 429 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        await reader.readuntil(b"}")
        writer.write(GET)
        assert await answers(live, GET) == [429]  # It came later, and is answered.
        assert await nothing(reader)


async def test_a_connection_that_has_rested_is_read_on() -> None:
    async with server(admission=control(Stopwatch(), 1), rest_s=0.05) as live:
        began_s = asyncio.get_running_loop().time()

        assert await answers(live, GET, GET, GET, GET) == [200, 429, 429, 429]
        assert asyncio.get_running_loop().time() - began_s >= 0.1  # Two rests; after the last nobody asks.


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + b"y" * 70_000,
    ],
    ids=["head", "options", "of another origin", "the last", "in chunks", "with a large body"],
)
async def test_what_only_the_application_can_refuse_comes_to_it(request_bytes: bytes) -> None:
    async with server(admission=control(Stopwatch(), 1)) as live:
        assert await answers(live, GET, request_bytes) == [200, 200]  # This one refuses nothing.


async def test_requests_sent_ahead_are_answered_in_order_by_whoever_answers_them() -> None:
    async with server(admission=control(Stopwatch(), 3)) as live, connected(live) as (reader, writer):
        writer.write(GET * 10)
        heads = [await reader.readuntil(b"\r\n\r\n")]
        while len(heads) < 10:
            await reader.readexactly(int(heads[-1].lower().partition(b"content-length: ")[2].split()[0]))
            heads.append(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S))
        assert [b" 200 " in head for head in heads] == [True] * 10  # Behind one in progress all go to the application.


async def test_requests_sent_ahead_are_decided_about_when_their_turn_comes() -> None:
    async with server(admission=control(Stopwatch(), 3)) as live:
        async with connected(live) as (reader, writer):
            writer.write(GET * 10)
            for _ in range(10):
                await asyncio.wait_for(reader.readuntil(b"hello"), PATIENCE_S)

        assert await answers(live, GET, GET, GET) == [200, 200, 429]  # Only the first was charged here.


async def test_a_body_that_is_late_after_its_refusal_ends_without_another_answer() -> None:
    async with server(admission=control(Stopwatch(), 1), request_within_s=0.2) as live, connected(live) as streams:
        reader, writer = streams
        writer.write(GET)
        await reader.readuntil(b"hello")
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
        rest = await asyncio.wait_for(reader.read(), PATIENCE_S)
        assert refusal(rest) == (429, "too_many_requests")


def test_connections_stay_below_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(1024, 4096)]
    monkeypatch.setattr("resource.getrlimit", lambda _: limits[-1])
    monkeypatch.setattr("resource.setrlimit", lambda _, new: limits.append(new))

    assert most_connections(500) == 500
    assert limits == [(1024, 4096)]
    assert most_connections(2000) == 2000
    assert most_connections(25_000) == 4096 - 256
    assert limits[-1] == (4096, 4096)
