"""What one address may take of a shop: refused with a reason, and nobody else is kept waiting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from actors.inventory.actor import InventorySettings
from bus.messages.inventory import SetOnHand
from gateway.settings import EdgeSettings
from testkit import Servers, ShopUnderTest
from testkit.shop_under_test import open_shop_under_test
from tests.journeys.people import (
    Customer,
    Staff,
    Visitor,
    intent_event,
    new_key,
    send_webhook,
    staff_token,
)
from tests.waiting import eventually
from wiring.domains import ShopSettings

MALLORY, ADA = "127.0.0.66", "127.0.0.1"  # Each address of 127/8 is one of its own.


@asynccontextmanager
async def bounded(
    servers: Servers, *, inventory: InventorySettings | None = None, **edge: Any
) -> AsyncIterator[ShopUnderTest]:
    """A shop with bounds in force, those of a real one unless told otherwise."""
    own = EdgeSettings(shopflow_port=0, **edge)

    def change(settings: ShopSettings) -> ShopSettings:
        return msgspec.structs.replace(settings, edge=own, inventory=inventory or settings.inventory)

    async with open_shop_under_test(servers, change=change) as shop:
        yield shop


@asynccontextmanager
async def at(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Whoever calls from this address."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        yield http


async def wait_for_socket(http: aiohttp.ClientSession, url: str) -> int:
    """Open a websocket and close it; gives how long to wait, if it was refused for now."""
    try:
        async with http.ws_connect(url):
            return 0
    except aiohttp.WSServerHandshakeError as turned_away:
        if turned_away.status != 429 or turned_away.headers is None:
            raise
        return int(turned_away.headers["Retry-After"])


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("shopflow_edge_refused_total", {"reason": reason}) or 0.0


async def test_a_flood_of_carts_is_refused_and_no_other_address_is(servers: Servers) -> None:
    async with bounded(servers) as shop, at(MALLORY) as hers, at(ADA) as his:
        mallory, ada = Visitor(shop, hers), Customer(shop, his)
        before = refused("requests")
        with capture_logs() as logged:
            answers = [await mallory.ask("POST", "/carts") for _ in range(200)]
            forged = await mallory.ask("POST", "/carts", headers={"X-Forwarded-For": "203.0.113.9"})
            bought = await ada.buy(BOOK=1)

        statuses = [answer.status for answer in answers]
        carts = statuses.count(201)
        assert statuses == [201] * carts + [429] * (200 - carts)
        assert 60 <= carts < 120
        assert answers[-1].refusal == (429, "too_many_requests")
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert forged.status == 429
        assert (await mallory.get("/health/live")).status == 200
        assert await ada.status(bought) == "paid"
        assert refused("requests") - before == statuses.count(429) + 1
        lines = [line for line in logged if line["event"] == "refused"]
        assert [(line["reason"], line["address"], line["route"]) for line in lines] == [("requests", MALLORY, "/carts")]

        await shop.clock.advance(seconds=15)
        assert (await mallory.ask("POST", "/carts")).status == 201


async def test_a_refused_request_is_not_begun(servers: Servers) -> None:
    async with bounded(servers, shopflow_requests_a_minute=400) as shop, at(MALLORY) as http:
        mallory = Customer(shop, http)
        cart = await mallory.fill_cart(MUG=1)
        first = await mallory.check_out(cart, key="one")
        late = [await mallory.check_out(cart, key="two") for _ in range(20)]

        assert first.status == 201
        assert (429, "too_many_requests") in [answer.refusal for answer in late]
        assert len(shop.mails()) <= 1


async def test_behind_a_trusted_proxy_each_buyer_counts_alone(servers: Servers) -> None:
    async with bounded(servers, shopflow_trusted_proxies="127.0.0.0/8") as shop, at(ADA) as http:
        proxy = Visitor(shop, http)

        def by(client: str) -> dict[str, str]:
            return {"X-Forwarded-For": f"198.51.100.1, {client}"}

        flood = [(await proxy.ask("POST", "/carts", headers=by("203.0.113.9"))).status for _ in range(150)]
        other = await proxy.ask("POST", "/carts", headers=by("203.0.113.10"))
        home = [
            (await proxy.ask("POST", "/carts", headers=by(f"2001:db8::{number:x}"))).status for number in range(150)
        ]

        assert flood[-1] == 429
        assert other.status == 201
        assert home[-1] == 429


async def test_behind_a_trusted_proxy_buyers_with_one_key_get_no_cart_of_each_other(servers: Servers) -> None:
    async with bounded(servers, shopflow_trusted_proxies="127.0.0.0/8") as shop, at(ADA) as http:
        proxy, key = Visitor(shop, http), new_key()

        async def new_cart(client: str) -> str:
            answer = await proxy.ask("POST", "/carts", key=key, headers={"X-Forwarded-For": client})
            return str(answer.good["id"])

        ada, bob = await new_cart("203.0.113.9"), await new_cart("203.0.113.10")

        assert ada != bob
        assert await new_cart("203.0.113.9") == ada
        assert await new_cart("198.51.100.1, 203.0.113.10") == bob  # Whatever is written left of it.


async def test_a_page_of_a_listed_origin_can_read_that_it_was_too_fast(servers: Servers) -> None:
    origin = {"Origin": "https://pages.example"}
    async with bounded(servers, shopflow_origins=origin["Origin"]) as shop, at(MALLORY) as http:
        visitor = Visitor(shop, http)
        refused = [await visitor.ask("POST", "/carts", headers=origin) for _ in range(150)][-1]

        assert refused.refusal == (429, "too_many_requests")
        assert refused.headers["Access-Control-Allow-Origin"] == origin["Origin"]
        assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]
        assert refused.headers["X-Content-Type-Options"] == "nosniff"
        assert (await visitor.ask("HEAD", "/products")).status == 429  # It is charged as a GET.


async def test_stripe_and_staff_are_never_kept_waiting_and_forgers_soon_are(servers: Servers) -> None:
    async with bounded(servers, shopflow_requests_a_minute=1200) as shop, at(MALLORY) as hers, at(ADA) as his:
        stripe, staff, forger = Visitor(shop, his), Staff(shop, his, await staff_token(shop)), Visitor(shop, hers)
        for number in range(60):
            event = intent_event("payment_intent.created", f"pi_{number}", 1)
            assert (await send_webhook(stripe, event)).status == 200
            assert (await staff.get("/admin/api/actors")).status == 200

        forged = [
            (await send_webhook(forger, intent_event("payment_intent.created", "pi_0", 1), secret="wrong")).status
            for _ in range(60)
        ]
        guessed = [(await forger.get("/admin/api/actors", token=f"sf_{number}")).status for number in range(10)]

        assert forged[0] == 400
        assert forged.count(429) > 20
        assert 429 in guessed
        event = intent_event("payment_intent.created", "pi_61", 1)
        assert (await send_webhook(stripe, event)).status == 200


async def test_websockets_and_streams_of_one_address_are_bounded(servers: Servers) -> None:
    async with bounded(servers, shopflow_live_of_address=4) as shop, at(MALLORY) as hers, at(ADA) as his:
        url = f"{shop.url}/live/events?skus=MUG"
        sockets = [await hers.ws_connect(f"{shop.url}/live") for _ in range(2)]
        streams = [await hers.get(url) for _ in range(2)]
        assert [stream.status for stream in streams] == [200, 200]

        assert (await Visitor(shop, hers).get("/live/events?skus=MUG")).refusal == (429, "too_many_requests")
        with pytest.raises(aiohttp.WSServerHandshakeError) as turned_away:
            await hers.ws_connect(f"{shop.url}/live")
        assert turned_away.value.status == 429

        async with his.ws_connect(f"{shop.url}/live") as socket, his.get(url) as stream:
            assert (socket.closed, stream.status) == (False, 200)
        await sockets[0].close()
        streams[0].close()

        async def may_stream_again() -> bool:
            async with hers.get(url) as again:
                return again.status == 200

        assert await eventually(may_stream_again)
        await sockets[1].close()
        streams[1].close()


async def test_websocket_handshakes_are_charged_like_requests(servers: Servers) -> None:
    async with bounded(servers, shopflow_requests_a_minute=400) as shop, at(MALLORY) as http:
        waits_s = [await wait_for_socket(http, f"{shop.url}/live") for _ in range(60)]

        assert waits_s[:10] == [0] * 10
        assert max(waits_s) >= 1


async def test_unpaid_orders_of_an_address_are_bounded_until_one_is_paid(servers: Servers) -> None:
    async with bounded(servers, shopflow_unpaid_orders=3, shopflow_requests_a_minute=0) as shop, at(MALLORY) as http:
        mallory = Customer(shop, http)
        orders = []
        for number in range(3):
            mallory.email = f"stranger{number}@example.com"
            orders.append(await mallory.order(BOOK=1))
        mallory.email = "stranger9@example.com"
        cart, key = await mallory.fill_cart(BOOK=1), new_key()

        answer = await mallory.check_out(cart, key=key)
        assert answer.refusal == (429, "too_many_requests")
        assert int(answer.headers["Retry-After"]) > 60
        replayed = await mallory.check_out(orders[0].cart, key=orders[0].key, email="stranger0@example.com")
        assert replayed.status == 201

        await mallory.pay(orders[1])

        async def may_order_again() -> bool:  # It is heard of by pub/sub.
            return (await mallory.check_out(cart, key=key)).status == 201

        assert await eventually(may_order_again)


async def test_sixty_orders_are_not_mailed_to_a_stranger_from_many_addresses(servers: Servers) -> None:
    async with bounded(servers, shopflow_unpaid_orders=3, shopflow_requests_a_minute=0) as shop:
        statuses = []
        for number in range(8):
            async with at(f"127.0.1.{number + 1}") as http:
                mallory = Customer(shop, http)
                mallory.email = "Victim@example.com" if number % 2 else "victim@example.com"
                statuses.append((await mallory.check_out(await mallory.fill_cart(BOOK=1), key=new_key())).status)
        await shop.settle()

        assert statuses == [201] * 3 + [429] * 5
        assert len(shop.mails()) == 3


async def test_a_checkout_that_fails_is_no_unpaid_order(servers: Servers) -> None:
    async with bounded(servers, shopflow_unpaid_orders=1, shopflow_requests_a_minute=0) as shop, at(ADA) as http:
        ada = Customer(shop, http)
        empty = await ada.new_cart()

        for _ in range(3):
            assert (await ada.check_out(empty, key=new_key())).refusal == (409, "cart_empty")

        assert (await ada.order(BOOK=1)).order


async def test_carts_of_one_address_hold_so_many_units_together(servers: Servers) -> None:
    async with (
        bounded(servers, shopflow_held_units=20, shopflow_requests_a_minute=0) as shop,
        at(MALLORY) as hers,
        at(ADA) as his,
    ):
        mallory, ada = Customer(shop, hers), Customer(shop, his)
        first, second = await mallory.fill_cart(BOOK=9), await mallory.fill_cart(BOOK=9)

        refusal = await mallory.put(second, "MUG", 3)
        assert refusal.refusal == (429, "too_many_requests")
        assert 0 < int(refusal.headers["Retry-After"]) <= 600
        assert (await mallory.put(second, "BOOK", 11)).status == 200  # In place of the nine.
        assert (await mallory.put(first, "BOOK", 99)).status == 429
        assert (await ada.put(await ada.new_cart(), "BOOK", 19)).status == 200

        await mallory.ask("DELETE", f"/carts/{first}/lines/BOOK")
        assert (await mallory.put(second, "MUG", 9)).status == 200
        await shop.clock.advance(minutes=11)
        assert (await mallory.put(first, "BOOK", 20)).status == 200


async def hoard(thief: Customer, *skus: str) -> None:
    """Fill new carts with all that the shop gives, until it gives nothing more."""
    for _ in range(26):
        made = await thief.ask("POST", "/carts")
        if made.status != 201:
            return
        got = 0
        for sku in skus:
            answer = await thief.put(made.json["id"], sku, 99)
            if answer.status == 409 and answer.json["available"]:
                answer = await thief.put(made.json["id"], sku, answer.json["available"])
            got += answer.status == 200
        if not got:
            return


async def test_260_requests_do_not_hold_every_unit(servers: Servers) -> None:
    async with bounded(servers, inventory=InventorySettings()) as shop, at(MALLORY) as hers, at(ADA) as his:
        mallory, ada = Customer(shop, hers), Customer(shop, his)
        lamp = await mallory.fill_cart(LAMP=1)  # The only one there is: somebody may have it, but not for ever.
        await hoard(mallory, "BOOK", "MUG", "LAMP")

        assert {sku: await ada.available(sku) for sku in ("BOOK", "MUG", "LAMP")} == {"BOOK": 30, "MUG": 0, "LAMP": 0}
        cart = await ada.fill_cart(BOOK=1)
        held = [1]
        while held[-1]:
            await shop.clock.advance(minutes=9)
            await mallory.ask("DELETE", f"/carts/{lamp}/lines/LAMP")
            lamp = await mallory.new_cart()  # A new cart each time.
            held.append((await mallory.put(lamp, "LAMP", 1)).good["lines"][0]["held"])
        assert held == [1] * 7 + [0]

        got = {line["sku"]: line["held"] for line in (await ada.put(cart, "LAMP", 1)).good["lines"]}
        assert got["LAMP"] == 1
        for sku in ("BOOK", "MUG"):
            assert (await ada.put(cart, sku, 1)).status == 200
        assert (await ada.check_out(cart, key=new_key())).status == 201


async def test_a_household_may_have_a_share_of_many_and_all_of_a_few(servers: Servers) -> None:
    proxies = "127.0.0.0/8"
    settings = InventorySettings()
    async with bounded(servers, inventory=settings, shopflow_trusted_proxies=proxies) as shop, at(ADA) as http:
        await shop.ask(SetOnHand(sku="BOOK", on_hand=20))
        people = {client: Customer(shop, http) for client in ("203.0.113.9", "203.0.113.10")}

        async def put(client: str, units: int, sku: str = "BOOK") -> tuple[int, int | None]:
            """What becomes of a new cart of a client behind the proxy."""
            cart, forwarded = await people[client].new_cart(), {"X-Forwarded-For": client}
            answer = await people[client].ask(
                "PUT", f"/carts/{cart}/lines/{sku}", {"quantity": units}, headers=forwarded
            )
            return answer.status, answer.json.get("available")

        assert await put("203.0.113.9", 15) == (409, 10)  # Of one cart.
        assert [await put("203.0.113.9", units) for units in (10, 5, 4, 1)] == [
            (200, None), (409, 4), (200, None), (409, 0),
        ]  # fmt: skip
        assert await put("203.0.113.10", 6) == (200, None)
        assert await put("203.0.113.9", 10, "MUG") == (200, None)  # All ten: that sells them.


async def test_a_cart_that_renews_for_ever_holds_for_an_hour(shop: ShopUnderTest, buyer: Customer) -> None:
    cart = await buyer.fill_cart(LAMP=1)
    for _ in range(12):  # Each five minutes.
        await shop.clock.advance(minutes=5)
        renewed = await buyer.put(cart, "LAMP", 1)
        assert renewed.status == 200

    assert renewed.good["lines"][0]["held"] == 0
    assert await buyer.available("LAMP") == 1
    other = await buyer.fill_cart(LAMP=1)  # Somebody else may have it now.
    assert (await buyer.put(other, "LAMP", 1)).status == 200
    _ = await buyer.ask("DELETE", f"/carts/{other}/lines/LAMP")
    assert (await buyer.check_out(cart, key=new_key())).status == 201  # Nobody did: it can still be bought.


async def test_forty_declined_cards_end_the_order_at_the_tenth(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.order(MUG=2)

    statuses = [await buyer.pay(bought, "pm_card_chargeDeclined") for _ in range(40)]

    assert statuses[:10] == [402] * 10
    assert set(statuses[11:]) == {400}  # The intent is cancelled: no further card is tried.
    assert (await buyer.timeline(bought)).count("PaymentDeclined") == 10
    assert await buyer.status(bought) == "cancelled"
    assert await buyer.available("MUG") == 10
    await shop.audit()


async def test_suggestions_have_an_allowance_of_their_own(servers: Servers) -> None:
    async with bounded(servers, shopflow_requests_a_minute=0) as shop, at(MALLORY) as hers, at(ADA) as his:
        mallory, ada = Visitor(shop, hers), Visitor(shop, his)
        answers = [await mallory.get("/search/suggest?q=mu") for _ in range(70)]

        statuses = [answer.status for answer in answers]
        assert 60 <= statuses.count(200) < 66  # A few more than a minute's: the seconds go on.
        assert answers[-1].refusal == (429, "too_many_requests")
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert (await mallory.get("/products?q=mug")).status == 200
        assert (await ada.get("/search/suggest?q=mu")).status == 200
