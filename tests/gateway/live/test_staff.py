"""Sockets of staff: they end with what let them in, and watch two lists that cost nothing unwatched."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from bus.messages.order import OrderProgressed
from tests.gateway.live.support import NOON, Edge, edge, hear, nothing_more, say, soon, subscribe
from tests.waiting import eventually

ALL = frozenset({"read_settings", "read_orders"})


class Meter:
    """A flow that counts how often it is read."""

    def __init__(self) -> None:
        self.reads = self.rests = 0

    def read(self) -> bytes:
        self.reads += 1
        return b'{"op":"flow","read":%d}' % self.reads

    def rest(self) -> None:
        self.rests += 1


def house(flow: Meter | None = None, **settings: Any) -> AbstractAsyncContextManager[Edge]:
    options: dict[str, Any] = {
        "staff_marks": ("ss_", "sf_"),
        "staff_cookie": "staff",
        "staff_every_s": 0.05,
        **settings,
    }
    return edge(flow=flow or Meter(), **options)


def progress(order_id: str, status: str = "paid") -> OrderProgressed:
    return OrderProgressed(order_id=order_id, status=status, at=NOON, number=f"N-{order_id}")  # type: ignore[arg-type]


async def hear_all(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """Hear all that is still said, and then why it ended."""
    with pytest.raises(ConnectionClosed) as closed:
        await soon(hear_all(socket))
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.mark.parametrize("headers", [{"Cookie": "staff=ss_ada"}, {"Authorization": "Bearer ss_ada"}])
async def test_a_socket_opened_with_a_session_ends_with_it_whatever_it_watches(headers: dict[str, str]) -> None:
    async with house() as live:
        live.shelf.keys["ss_ada"] = ALL
        async with live.connect(additional_headers=headers) as socket:
            await subscribe(socket, "MUG")
            await eventually(lambda: len(live.shelf.key_reads) > 1)

            del live.shelf.keys["ss_ada"]

            assert await closing(socket) == (1008, "signed out")


async def test_a_socket_that_has_shown_a_token_for_an_order_ends_with_it() -> None:
    async with house() as live, live.connect() as socket:
        live.shelf.keys["sf_till"] = ALL
        live.shelf.orders["o1", "sf_till"] = progress("o1")
        await say(socket, "watch_order", order_id="o1", token="sf_till")
        assert (await hear(socket))["op"] == "order"

        del live.shelf.keys["sf_till"]

        assert await closing(socket) == (1008, "signed out")


async def test_an_order_is_watched_by_the_cookie_of_staff() -> None:
    async with house() as live:
        live.shelf.keys["ss_ada"] = ALL
        live.shelf.orders["o1", "ss_ada"] = progress("o1")
        async with live.connect(additional_headers={"Cookie": "staff=ss_ada"}) as socket:
            await say(socket, "watch_order", order_id="o1")

            assert (await hear(socket))["status"] == "paid"


async def test_a_browser_with_an_old_cookie_of_staff_is_anybody() -> None:
    async with house() as live, live.connect(additional_headers={"Cookie": "staff=ss_old"}) as socket:
        await eventually(lambda: live.shelf.key_reads == ["ss_old"])

        await say(socket, "watch_flow")

        assert (await hear(socket))["code"] == "unauthorized"
        assert await subscribe(socket, "MUG") == []


async def test_a_socket_without_a_key_is_refused_and_stays() -> None:
    async with house() as live, live.connect() as socket:
        live.shelf.keys["sf_till"] = frozenset({"read_orders"})
        await say(socket, "watch_flow", token="sf_till")
        refusal = await hear(socket)
        assert (refusal["code"], "read_settings" in refusal["detail"]) == ("forbidden", True)

        await say(socket, "watch_orders")
        assert (await hear(socket))["code"] == "unauthorized"


async def test_losing_the_key_of_what_one_watches_ends_the_socket() -> None:
    async with house() as live, live.connect() as socket:
        live.shelf.keys["ss_ada"] = ALL
        await say(socket, "watch_flow", token="ss_ada")
        assert (await hear(socket))["op"] == "flow"

        live.shelf.keys["ss_ada"] = frozenset({"read_orders"})

        assert await closing(socket) == (1008, "not allowed any more")


async def test_who_can_not_be_checked_is_cut_off_after_a_while() -> None:
    async with house(staff_unsure_s=0.2) as live, live.connect() as socket:
        live.shelf.keys["ss_ada"] = ALL
        await say(socket, "watch_flow", token="ss_ada")
        assert (await hear(socket))["op"] == "flow"

        live.shelf.broken = True

        assert await closing(socket) == (1013, "the sign-in can't be checked")


async def test_many_sockets_of_one_session_are_one_look_up() -> None:
    async with house(staff_every_s=60.0) as live:
        live.shelf.keys["ss_ada"] = ALL
        headers = {"Cookie": "staff=ss_ada"}
        async with live.connect(additional_headers=headers) as one:
            await eventually(lambda: bool(live.shelf.key_reads))
            async with live.connect(additional_headers=headers) as two:
                await subscribe(one)
                await subscribe(two)

                assert len(live.shelf.key_reads) <= 2


async def test_a_socket_shows_sixteen_tokens_at_most() -> None:
    async with house() as live, live.connect() as socket:
        for number in range(17):
            live.shelf.keys[f"sf_{number}"] = ALL
            live.shelf.orders["o1", f"sf_{number}"] = progress("o1")
            await say(socket, "watch_order", order_id="o1", token=f"sf_{number}")
        codes = [(await hear(socket)).get("code") for _ in range(17)]

        assert codes.count("too_many_orders") == 1


async def test_the_flow_is_read_once_for_all_and_never_unwatched() -> None:
    meter = Meter()
    async with house(meter) as live:
        live.shelf.keys["ss_ada"] = ALL
        async with live.connect() as one, live.connect() as two:
            for socket in (one, two):
                await say(socket, "watch_flow", token="ss_ada")
            seen = {(await hear(one))["read"], (await hear(one))["read"]} | {(await hear(two))["read"]}
            assert meter.reads <= max(seen) + 1
        await eventually(lambda: live.hub.connections == 0)
        rests = meter.rests
        await eventually(lambda: meter.rests > rests)
        reads = meter.reads
        async with live.connect() as other:
            await say(other, "watch_orders", token="ss_ada")
            for _ in range(3):  # A list of orders each time, and none of the flow.
                live.hub.stale()
                assert (await hear(other))["op"] == "orders"
        assert meter.reads == reads


async def test_orders_are_listed_with_their_numbers() -> None:
    async with house() as live, live.connect() as socket:
        live.shelf.keys["ss_ada"] = ALL
        live.hub.order_changed(progress("o0"))
        await say(socket, "watch_orders", token="ss_ada")
        assert await hear(socket) == {"op": "orders", "orders": [], "complete": False}

        live.hub.order_changed(progress("o1"))
        live.hub.order_changed(progress("o2"))
        live.hub.order_changed(progress("o1", "picking"))

        heard = await hear(socket)
        assert heard["complete"] is True
        assert heard["orders"] == [
            {"id": "o2", "number": "N-o2", "status": "paid", "at": "2030-01-01T12:00:00Z"},
            {"id": "o1", "number": "N-o1", "status": "picking", "at": "2030-01-01T12:00:00Z"},
        ]


async def test_too_many_orders_for_one_list_are_said_to_be_too_many() -> None:
    async with house(max_listed=2) as live, live.connect() as socket:
        live.shelf.keys["ss_ada"] = ALL
        await say(socket, "watch_orders", token="ss_ada")
        assert (await hear(socket))["complete"] is False

        for number in range(3):
            live.hub.order_changed(progress(f"o{number}"))

        heard = await hear(socket)
        assert ([order["id"] for order in heard["orders"]], heard["complete"]) == (["o1", "o2"], False)


async def test_after_a_gap_orders_are_to_be_read_again() -> None:
    async with house() as live, live.connect() as socket:
        live.shelf.keys["ss_ada"] = ALL
        await say(socket, "watch_orders", token="ss_ada")
        assert (await hear(socket))["complete"] is False

        live.hub.stale()

        assert await hear(socket) == {"op": "orders", "orders": [], "complete": False}
        await nothing_more(socket)
