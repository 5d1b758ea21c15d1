"""Live sockets of staff: what they show, and that they end within two seconds of what let them in."""

from collections.abc import Awaitable, Callable

import aiohttp
import msgspec
import pytest

from bus.messages.staff import COMMAND_LINE, ChangePerson, RevokeToken, SetRole
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Json, staff_token
from tests.journeys.staff_people import Colleague, colleague, invited

WITHIN_S = 2.0


async def hear(socket: aiohttp.ClientWebSocketResponse) -> Json:
    heard: Json = msgspec.json.decode((await socket.receive(timeout=5)).data)
    return heard


async def closes(socket: aiohttp.ClientWebSocketResponse) -> int:
    """Hear what is still said, and return the code of the end."""
    while (message := await socket.receive(timeout=WITHIN_S)).type is not aiohttp.WSMsgType.CLOSE:
        assert message.type is aiohttp.WSMsgType.TEXT, message
    return int(message.data)


async def sign_out(shop: ShopUnderTest, who: Colleague) -> None:
    assert (await who.ask("DELETE", "/admin/api/sessions")).status == 204


async def end_all(shop: ShopUnderTest, who: Colleague) -> None:
    assert (await who.ask("DELETE", "/admin/api/me/sessions")).status < 300


async def disable(shop: ShopUnderTest, who: Colleague) -> None:
    await shop.ask(ChangePerson(id=who.id, is_disabled=True, by=COMMAND_LINE))


async def change_role(shop: ShopUnderTest, who: Colleague) -> None:
    await shop.ask(ChangePerson(id=who.id, role="bookkeeping", by=COMMAND_LINE))


async def idle(shop: ShopUnderTest, who: Colleague) -> None:
    await shop.clock.advance(minutes=31)


@pytest.mark.parametrize("end", [sign_out, end_all, disable, change_role, idle])
async def test_sockets_end_with_the_session_that_opened_them(
    shop: ShopUnderTest,
    http: aiohttp.ClientSession,
    buyer: Customer,
    end: Callable[[ShopUnderTest, Colleague], Awaitable[None]],
) -> None:
    other = await colleague(shop, http, email="eve@shop.example")
    ada = await colleague(shop, http, "manager")
    bought = await buyer.order(MUG=1)
    cookie = {"Cookie": f"staff={ada.token}"}
    async with (
        http.ws_connect(f"{shop.url}/live", headers=cookie) as by_cookie,
        http.ws_connect(f"{shop.url}/live") as by_order,
        http.ws_connect(f"{shop.url}/live", headers={"Cookie": f"staff={other.token}"}) as of_other,
    ):
        await by_cookie.send_json({"op": "watch_flow"})
        await by_order.send_json({"op": "watch_order", "order_id": bought.order, "token": ada.token})
        await of_other.send_json({"op": "watch_flow"})
        assert (await hear(by_cookie))["op"] == "flow"
        assert (await hear(by_order))["op"] == "order"
        assert (await hear(of_other))["op"] == "flow"

        await end(shop, ada)

        assert await closes(by_cookie) == 1008
        assert await closes(by_order) == 1008
        if end is not idle:
            assert (await hear(of_other))["op"] == "flow"


async def test_sockets_end_with_the_token_that_opened_them(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    token = await staff_token(shop, keys=["read_settings"])
    async with http.ws_connect(f"{shop.url}/live", headers={"Authorization": f"Bearer {token}"}) as socket:
        await socket.send_json({"op": "watch_flow"})
        assert (await hear(socket))["op"] == "flow"
        (kept,) = [each for each in (await tokens(shop)) if each["keys"] == ["read_settings"]]

        await shop.ask(RevokeToken(id=kept["id"], by=COMMAND_LINE))

        assert await closes(socket) == 1008


async def tokens(shop: ShopUnderTest) -> list[Json]:
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        return [dict(row) for row in await tx.fetch("select id, keys from staff.tokens")]


async def test_sockets_end_when_their_role_loses_the_key(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    await shop.ask(SetRole(id="watch", title="Watch", keys=("read_settings",), by=COMMAND_LINE))
    ada = Colleague(shop, http)
    ada.email = "ada@shop.example"
    assert (await ada.accept(await invited(shop, ada.email, "watch"))).status == 201
    async with http.ws_connect(f"{shop.url}/live") as socket:
        await socket.send_json({"op": "watch_flow", "token": ada.token})
        assert (await hear(socket))["op"] == "flow"

        await shop.ask(SetRole(id="watch", title="Watch", keys=("read_orders",), by=COMMAND_LINE))

        assert await closes(socket) == 1008


async def test_without_the_second_factor_that_the_role_asks_for_nothing_is_watched(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer
) -> None:
    ada = Colleague(shop, http)
    ada.email = "ada@shop.example"
    assert (await ada.accept(await invited(shop, ada.email, "manager"))).status == 201
    bought = await buyer.order(MUG=1)
    async with http.ws_connect(f"{shop.url}/live") as socket:
        await socket.send_json({"op": "watch_order", "order_id": bought.order, "token": ada.token})
        assert (await hear(socket))["code"] == "unknown_order"
        await socket.send_json({"op": "watch_flow", "token": ada.token})
        assert (await hear(socket))["code"] == "forbidden"


async def test_the_flow_shows_who_publishes_what_to_whom(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer
) -> None:
    token = await staff_token(shop, keys=["read_settings", "read_orders"])
    async with http.ws_connect(f"{shop.url}/live", headers={"Authorization": f"Bearer {token}"}) as socket:
        await socket.send_json({"op": "watch_flow"})
        before = await hear(socket)
        await buyer.buy(MUG=1)

        edges = await moved(socket, before)

        assert ("order", "OrderCreated", "email") in edges
        assert ("payment", "PaymentReceived", "order") in edges
        assert edges[("order", "OrderCreated", "inventory")]["messages"] == 1
        assert edges[("order", "OrderCreated", "email")]["dead_letters"] == 0
        assert {"order", "payment"} <= {actor["name"] for actor in before["actors"]}


async def moved(socket: aiohttp.ClientWebSocketResponse, before: Json) -> dict[tuple[str, str, str], Json]:
    known = {(each["from"], each["event"], each["to"]): each["messages"] for each in before["edges"]}
    changed: dict[tuple[str, str, str], Json] = {}
    for _ in range(3):  # What waits to be sent was put together before, at most twice.
        edges = {(each["from"], each["event"], each["to"]): each for each in (await hear(socket))["edges"]}
        changed = {edge: each for edge, each in edges.items() if each["messages"] != known.get(edge, 0)}
    return changed


async def test_orders_are_watched_as_they_change(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer
) -> None:
    token = await staff_token(shop, keys=["read_orders"])
    async with http.ws_connect(f"{shop.url}/live", headers={"Authorization": f"Bearer {token}"}) as socket:
        await socket.send_json({"op": "watch_orders"})
        assert (await hear(socket))["complete"] is False
        bought = await buyer.buy(MUG=1)

        statuses: list[tuple[str, str, str]] = []
        while "paid" not in [status for _, _, status in statuses]:
            heard = await hear(socket)  # Within its time, or the test fails.
            statuses += [(order["id"], order["number"], order["status"]) for order in heard["orders"]]

        assert {(each[0], each[1]) for each in statuses} == {(bought.order, bought.number)}
