"""How it ends: a restart, uvicorn's shutdown, a client that leaves."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.gateway.live.support import edge, sample, soon, subscribe
from tests.waiting import eventually


async def test_closing_says_1012_to_all_and_lets_nobody_in() -> None:
    async with edge() as live:
        clients = [await live.connect() for _ in range(20)]

        began = asyncio.get_running_loop().time()
        closing = asyncio.create_task(live.hub.close(within_s=2.5))
        for client in clients:
            with pytest.raises(ConnectionClosed) as closed:
                await soon(client.recv())
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        with pytest.raises(InvalidStatus):
            await live.connect()
        await soon(closing)

        assert asyncio.get_running_loop().time() - began < 2.5
        assert live.hub.connections == 0


async def test_closing_cuts_off_those_who_do_not_answer() -> None:
    async with edge(close_within_s=0.2) as live:
        client = await live.connect()
        client.transport.pause_reading()

        await soon(live.hub.close(within_s=0.3))
        await eventually(lambda: live.hub.connections == 0)

        client.transport.abort()


async def test_uvicorn_ends_gracefully_with_open_sockets() -> None:
    async with edge(close_within_s=0.3) as live:
        clients = [await live.connect() for _ in range(5)]
        clients[0].transport.pause_reading()  # This one will not answer.
        began = asyncio.get_running_loop().time()

        await live.stop()

        assert asyncio.get_running_loop().time() - began < 2
        for client in clients[1:]:
            with pytest.raises(ConnectionClosed) as closed:
                await soon(client.recv())
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        clients[0].transport.abort()


async def test_a_client_that_leaves_is_forgotten() -> None:
    async with edge() as live:
        watched = sample("subscriptions")
        async with live.connect() as socket:
            await subscribe(socket, "MUG", "LAMP")
            assert sample("subscriptions") == watched + 2
        await eventually(lambda: live.hub.connections == 0)
        assert sample("subscriptions") == watched
        assert not live.server.server_state.connections

        async with live.connect() as socket:
            await subscribe(socket, "MUG")
            socket.transport.abort()
            await eventually(lambda: live.hub.connections == 0)
        assert sample("subscriptions") == watched
