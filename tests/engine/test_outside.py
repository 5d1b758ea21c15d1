"""Services outside, which may answer with another address, or without end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from actors.payment.stripe import StripeSettings, open_stripe
from actors.shipping.carrier import Recipient, open_carrier
from engine.circuit import Circuit
from engine.clock import ManualClock
from engine.errors import Unavailable
from engine.outside import Unwelcome, read_bounded
from testkit.people import ADDRESS

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def service(answer: Answer) -> AsyncIterator[str]:
    """A service at every path; yields its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def book(url: str) -> str:
    async with open_carrier(url, "key", name="Carrier", circuit=Circuit("the carrier", ManualClock())) as carrier:
        return (await carrier.book("ord_1", "standard", 100, Recipient("Ada Buyer", ADDRESS))).tracking_number


async def look_up(url: str) -> None:
    settings = StripeSettings(stripe_secret_key="sk_test_1", stripe_api_base=url)
    async with open_stripe(settings, Circuit("Stripe", ManualClock())) as client:
        await client.cancel_intent("pi_1")


@pytest.mark.parametrize("ask", [book, look_up], ids=["carrier", "stripe"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(ask: Callable[[str], Awaitable[object]], status: int) -> None:
    heard: list[bytes] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.read())
        return web.json_response({"id": "x", "tracking_number": "x"})

    async with service(hear) as other:

        async def redirect(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": f"{other}/there"})

        async with service(redirect) as url:
            with pytest.raises(Unavailable):
                await ask(url)

    assert heard == []


@pytest.mark.parametrize("ask", [book, look_up], ids=["carrier", "stripe"])
async def test_an_answer_without_end_is_left(ask: Callable[[str], Awaitable[object]]) -> None:
    left = asyncio.Event()

    async def go_on(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65_536)
        except ConnectionError:
            left.set()
        return response

    async with service(go_on) as url, asyncio.timeout(10):
        with pytest.raises(Unavailable, match=r"longer than"):
            await ask(url)
        await left.wait()


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'{"id": "x", "tracking_number": ""}', b"\xff"])
async def test_a_booking_that_can_not_be_read_is_tried_again(content: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=content)

    async with service(answer) as url:
        with pytest.raises(Unavailable, match="can't be read"):
            await book(url)


async def test_an_answer_of_just_the_length_is_read() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1000)

    async with service(answer) as url, aiohttp.ClientSession() as http:
        async with http.get(url) as response:
            assert await read_bounded(response.content, 1000) == b"x" * 1000
        async with http.get(url) as response:
            with pytest.raises(Unwelcome, match="longer than 999 bytes"):
                await read_bounded(response.content, 999)
