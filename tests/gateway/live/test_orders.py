"""Order news: only with that order's token."""

from datetime import timedelta

from bus.messages.order import OrderProgressed
from tests.gateway.live.support import NOON, edge, hear, nothing_more, say
from tests.waiting import eventually

PAID = OrderProgressed(order_id="o1", status="paid", at=NOON)
PACKED = OrderProgressed(order_id="o1", status="packed", at=NOON + timedelta(hours=1))


async def test_the_right_token_hears_the_present_status_and_then_news() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.orders["o1", "secret"] = PAID
        await say(socket, "watch_order", order_id="o1", token="secret")
        assert await hear(socket) == {"op": "order", "order_id": "o1", "status": "paid", "at": "2030-01-01T12:00:00Z"}

        live.hub.order_changed(PACKED)

        assert (await hear(socket))["status"] == "packed"
        live.hub.order_changed(PAID)  # Late, so no news.
        await nothing_more(socket)


async def test_a_wrong_token_hears_nothing() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.orders["o1", "secret"] = PAID
        await say(socket, "watch_order", order_id="o1", token="guess")
        assert (await hear(socket))["code"] == "unknown_order"

        live.hub.order_changed(PACKED)

        await nothing_more(socket)


async def test_nothing_is_told_before_the_token_is_checked() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.open.clear()
        await say(socket, "watch_order", order_id="o1", token="guess")
        await nothing_more(socket)

        live.hub.order_changed(PACKED)
        await nothing_more(socket)
        live.shelf.open.set()

        assert (await hear(socket))["code"] == "unknown_order"


async def test_news_during_the_check_is_not_lost() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.orders["o1", "secret"] = PAID
        live.shelf.open.clear()
        await say(socket, "watch_order", order_id="o1", token="secret")
        await nothing_more(socket)

        live.hub.order_changed(PACKED)
        live.shelf.open.set()

        assert (await hear(socket))["status"] == "packed"


async def test_who_may_no_longer_is_told_no_more() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.orders["o1", "secret"] = PAID
        await say(socket, "watch_order", order_id="o1", token="secret")
        await hear(socket)

        live.shelf.orders.clear()
        live.hub.order_rights_changed("o1")

        assert (await hear(socket))["code"] == "unknown_order"
        live.hub.order_changed(PACKED)
        await nothing_more(socket)


async def test_lost_news_heals_by_reading_again() -> None:
    async with edge(reread_every_s=0.05) as live, live.connect() as socket:
        live.shelf.orders["o1", "secret"] = PAID
        await say(socket, "watch_order", order_id="o1", token="secret")
        await hear(socket)

        live.shelf.orders["o1", "secret"] = PACKED

        assert (await hear(socket))["status"] == "packed"


async def test_a_client_may_watch_a_few_orders() -> None:
    async with edge(max_orders=1) as live, live.connect() as socket:
        live.shelf.open.clear()
        await say(socket, "watch_order", order_id="o1", token="secret")
        await say(socket, "watch_order", order_id="o2", token="secret")

        assert (await hear(socket))["code"] == "too_many_orders"


async def test_a_client_that_leaves_is_forgotten() -> None:
    async with edge() as live:
        async with live.connect() as socket:
            live.shelf.orders["o1", "secret"] = PAID
            await say(socket, "watch_order", order_id="o1", token="secret")
            await hear(socket)
        await eventually(lambda: live.hub.connections == 0)

        live.hub.order_changed(PACKED)
