"""Requests beyond an address's allowance: refused where their heads are read, in their turn."""

import asyncio

import pytest

from tests.gateway.bounded_http import (
    GET,
    PATIENCE_S,
    Stopwatch,
    answers,
    connected,
    control,
    exchange,
    refusal,
    server,
)


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


@pytest.mark.parametrize(
    "nonsense",
    [
        b"BAD\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://evil HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET / HT",
    ],
    ids=["no request", "TLS", "no host", "no path", "a head too large", "half a head"],
)
async def test_what_is_no_request_is_charged_like_one(nonsense: bytes) -> None:
    async with server(admission=control(Stopwatch(), 2), head_within_s=0.1) as live:
        await exchange(live, nonsense)

        assert await answers(live, GET, GET) == [200, 429]


async def test_a_request_that_goes_wrong_behind_its_head_is_charged_once() -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    late = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"
    for wrong in (chunked + b"no length\r\n", late):
        async with server(admission=control(Stopwatch(), 2), request_within_s=0.1) as live:
            await exchange(live, wrong)

            assert await answers(live, GET, GET) == [200, 429]


async def test_a_connection_that_is_never_used_costs_nothing() -> None:
    """Browsers open some ahead."""
    async with server(admission=control(Stopwatch(), 1), head_within_s=0.1) as live:
        await exchange(live)

        assert await answers(live, GET) == [200]
