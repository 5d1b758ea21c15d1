"""Parcels: booked once, moved by time or by hand, and told about."""

import asyncio
import json

import pytest

from sandbox import SandboxConfig, Shipment, UnexpectedStatus
from sandbox.core.webhooks import signature
from tests.sandbox.world import CARRIER_KEY, SHIPPING_SECRET, World, open_world

AUTHORIZED = {"Authorization": f"Bearer {CARRIER_KEY}"}
PATH = "/carrier/v1/shipments"


def booking(reference: str = "order-1", city: str = "Berlin", country: str = "DE") -> dict[str, object]:
    recipient = {"name": "Ada", "line1": "Way 1", "city": city, "postal_code": "10115", "country": country}
    return {"reference": reference, "service": "standard", "weight_g": 500, "recipient": recipient}


async def book(world: World, body: dict[str, object], key: str = "") -> tuple[int, dict[str, str]]:
    headers = {**AUTHORIZED, "Idempotency-Key": key} if key else AUTHORIZED
    async with world.http.post(PATH, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_booking_is_idempotent() -> None:
    async with open_world() as world:
        status, first = await book(world, booking(), "k")
        _, second = await book(world, booking(), "k")
        mismatch, _ = await book(world, booking("order-2"), "k")

        assert (status, first["status"], mismatch) == (201, "booked", 400)
        assert first == second
        assert {"id", "tracking_number", "status", "service", "label_url"} <= set(first)
        async with world.http.get(f"{PATH}/{first['id']}", headers=AUTHORIZED) as answer:
            assert await answer.json() == first
        async with world.http.get(PATH, params={"reference": "order-1"}, headers=AUTHORIZED) as answer:
            assert await answer.json() == {"items": [first]}
        async with world.http.get(first["label_url"]) as label:
            assert "Berlin" in await label.text()


@pytest.mark.parametrize(
    "change",
    [
        {"weight_g": 0},
        {"reference": ""},
        {"recipient": {}},
        {"colour": "red"},
        booking(country="DE\n"),
    ],
)
async def test_a_bad_booking_is_refused(change: dict[str, object]) -> None:
    async with open_world() as world:
        assert (await book(world, {**booking(), **change}, "k"))[0] == 422
        assert (await book(world, booking(), "k"))[0] == 201


async def test_strangers_book_nothing() -> None:
    async with open_world() as world:
        async with world.http.post(PATH, json=booking()) as answer:
            assert answer.status == 401
        assert world.sandbox.shipments() == []


async def test_a_parcel_moves_as_time_passes_and_every_step_is_told() -> None:
    async with open_world(SandboxConfig(carrier_pace_s=2)) as world:
        _, made = await book(world, booking())
        steps = ["picked_up", "in_transit", "out_for_delivery", "delivered"]
        for count in range(1, 5):
            await world.pass_time(2)
            await world.shop.wait(count)

        told = [json.loads(webhook.body) for webhook in world.shop.webhooks]
        assert [scan["status"] for scan in told] == steps
        assert {scan["tracking_number"] for scan in told} == {made["tracking_number"]}
        assert len({scan["id"] for scan in told}) == 4
        assert set(told[0]) == {"id", "tracking_number", "status", "at", "detail"}
        assert told[0]["at"].endswith("Z")
        first = world.shop.webhooks[0]
        header = first.headers["shipping-signature"]
        assert first.path == "/webhooks/shipping"
        assert header == signature(SHIPPING_SECRET, first.body, int(header[2:].split(",")[0]))


async def test_a_parcel_to_nowhere_gets_stuck_until_somebody_helps() -> None:
    async with open_world(SandboxConfig(carrier_pace_s=2)) as world:
        _, made = await book(world, booking(city="EXCEPTION"))
        for count in range(1, 4):
            await world.pass_time(2)
            await world.shop.wait(count)
        assert world.sandbox.shipments()[0].status == "exception"

        await world.sandbox.carrier.advance(made["tracking_number"], "delivered", "Found after all")

        scan = json.loads((await world.shop.wait(4))[3].body)
        assert (scan["status"], scan["detail"]) == ("delivered", "Found after all")


async def test_by_hand_over_http_a_parcel_jumps_but_never_out_of_an_end() -> None:
    async with open_world() as world:
        _, made = await book(world, booking())
        path = f"/sandbox/carrier/{made['tracking_number']}"
        async with world.http.post(path, json={"status": "delivered"}) as answer:
            assert answer.status == 200
        async with world.http.post(path, json={"status": "in_transit"}) as answer:
            assert answer.status == 409
        async with world.http.post("/sandbox/carrier/SB0", json={"status": "in_transit"}) as answer:
            assert answer.status == 404
        with pytest.raises(UnexpectedStatus):
            await world.sandbox.carrier.advance(made["tracking_number"], "exception")


async def test_a_carrier_reports_words_that_nobody_expects_and_times_without_a_zone() -> None:
    async with open_world() as world:
        _, made = await book(world, booking())
        path = f"/sandbox/carrier/{made['tracking_number']}"
        for body in (
            {"status": "return_to_sender"},
            {"status": "eaten_by_dog", "detail": "Sorry"},
            {"status": "available_for_pickup", "at": "2030-01-07T12:00:00"},
        ):
            async with world.http.post(path, json=body) as answer:
                assert answer.status == 200, body

        told = [json.loads(webhook.body) for webhook in await world.shop.wait(3)]
        assert [(scan["status"], scan["detail"]) for scan in told] == [
            ("return_to_sender", "On its way back"), ("eaten_by_dog", "Sorry"),
            ("available_for_pickup", "Waits at the parcel shop"),
        ]  # fmt: skip
        assert told[2]["at"] == "2030-01-07T12:00:00"


async def test_a_recipient_may_have_a_region_and_a_phone_and_no_postal_code() -> None:
    async with open_world() as world:
        recipient = {
            "name": "Ada",
            "line1": "1 Queen's Road",
            "city": "Central",
            "country": "HK",
            "phone": "+85221234567",
        }
        status, made = await book(world, {**booking(), "recipient": recipient | {"region": "Hong Kong Island"}})
        assert status == 201
        async with world.http.get(made["label_url"]) as label:
            lines = (await label.text()).splitlines()
        assert lines[3:] == ["1 Queen's Road", "Central", "Hong Kong Island", "HK", "+85221234567"]


async def test_only_what_was_not_picked_up_can_be_cancelled() -> None:
    async with open_world() as world:
        _, kept = await book(world, booking())
        _, gone = await book(world, booking("order-2"))
        await world.sandbox.carrier.advance(kept["tracking_number"], "picked_up")

        async def cancel(key: str) -> int:
            async with world.http.post(f"{PATH}/{key}/cancel", headers=AUTHORIZED) as answer:
                return answer.status

        assert [await cancel(kept["id"]), await cancel(gone["id"]), await cancel(gone["id"])] == [409, 200, 200]
        assert await cancel("shp_0") == 404


async def test_waiting_parcels_need_no_tasks() -> None:
    async with open_world(SandboxConfig(carrier_pace_s=2)) as world:
        before = len(asyncio.all_tasks())
        for number in range(200):
            await book(world, booking(f"order-{number}"))
        assert len(asyncio.all_tasks()) <= before + 5
        parcels: list[Shipment] = world.sandbox.shipments()
        assert len(parcels) == 200
