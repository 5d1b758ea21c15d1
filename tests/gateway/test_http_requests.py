"""What a request is: a host, a target, and its place behind those sent before it. All else is refused, and noted."""

import asyncio
from contextlib import suppress

import pytest
import uvloop
from structlog.testing import capture_logs

from tests.gateway.bounded_http import GET, Stopwatch, connected, control, exchange, refusal, server
from tests.waiting import eventually


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


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET http://evil HTTP/1.1",
        b"GET http://evil?x HTTP/1.1",
        b"GET http://x:99999/ HTTP/1.1",
        b"GET http://[::1/ HTTP/1.1",
        b"POST http://evil HTTP/1.1",
        b"CONNECT x:1 HTTP/1.1",
        b"CONNECT http://evil HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"GET http://\xff/ HTTP/1.1",
    ],
)
async def test_a_target_that_is_no_path_is_refused_in_a_line(
    request_line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    for limit in (None, control(Stopwatch(), 100)):
        async with server(admission=limit) as live:
            with capture_logs() as told:
                answer = await exchange(live, request_line + b"\r\nHost: a\r\n\r\n")
            assert refusal(answer) == (400, "bad_request")
            assert live.bodies == []
            assert [each["reason"] for each in told] == ["malformed"]
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_target_may_name_the_host() -> None:
    async with server(admission=control(Stopwatch(), 100)) as live:
        last = b"GET http://a/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        assert (await exchange(live, last)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("requests", [18, 40, 5000])
def test_requests_sent_ahead_are_bounded(requests: int, caplog: pytest.LogCaptureFixture) -> None:
    async def send() -> None:
        async with server(answers_after=(cut_off := asyncio.Event())) as live:
            with suppress(ConnectionResetError):
                await exchange(live, GET * requests)

            assert await eventually(lambda: not len(live.places))
            cut_off.set()
            assert len(live.bodies) <= 17

    uvloop.run(send())  # As the shop runs: asyncio's own loop forgives who writes to a closed connection.
    assert not caplog.records


def test_hanging_up_after_sending_ahead_leaves_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    async def send() -> None:
        async with server(answers_after=(hung_up := asyncio.Event())) as live:
            async with connected(live) as (_, writer):
                writer.write(GET * 5)
                await writer.drain()
                writer.transport.abort()
            assert await eventually(lambda: not len(live.places))
            hung_up.set()

    uvloop.run(send())
    assert not caplog.records


async def test_a_few_requests_sent_ahead_are_answered_in_order() -> None:
    async with server() as live:
        last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

        assert (await exchange(live, GET * 10 + last)).count(b"HTTP/1.1 200") == 11
