"""Connections and requests that are too large, too slow or too many: each is answered, ended and noted."""

import asyncio
import socket
from collections.abc import Iterable, Sequence

import pytest
from structlog.testing import capture_logs

from gateway.server import most_connections
from tests.gateway.bounded_http import GET, PATIENCE_S, connected, exchange, refusal, server
from tests.waiting import eventually


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


def test_connections_stay_below_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(1024, 4096)]
    monkeypatch.setattr("resource.getrlimit", lambda _: limits[-1])
    monkeypatch.setattr("resource.setrlimit", lambda _, new: limits.append(new))

    assert most_connections(500) == 500
    assert limits == [(1024, 4096)]
    assert most_connections(2000) == 2000
    assert most_connections(25_000) == 4096 - 256
    assert limits[-1] == (4096, 4096)
