"""What becomes of a carrier's answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from actors.shipping.carrier import Carrier, Recipient, open_carrier
from bus.messages.base import Address
from engine.circuit import Circuit
from engine.clock import ManualClock
from engine.errors import BadInput, Unavailable
from sandbox import Sandbox, SandboxConfig
from sandbox.core.faults import Fault
from testkit.people import ADDRESS


@asynccontextmanager
async def open_sandbox(key: str = "carrier_sandbox") -> AsyncIterator[tuple[Sandbox, Carrier]]:
    circuit = Circuit("the carrier", ManualClock())
    async with (
        Sandbox(SandboxConfig(), now=lambda: 1_893_400_000.0) as sandbox,
        open_carrier(f"{sandbox.http_url}/carrier", key, name="Carrier", circuit=circuit) as carrier,
    ):
        yield sandbox, carrier


async def book(carrier: Carrier, parcel_id: str = "ord_1") -> str:
    return (await carrier.book(parcel_id, "standard", 100, Recipient("Ada Buyer", ADDRESS))).tracking_number


@pytest.mark.parametrize("status", [401, 408, 409, 425, 500, 502, 503, 504])
async def test_what_may_go_well_another_time_is_to_be_tried_again(status: int) -> None:
    async with open_sandbox() as (sandbox, carrier):
        sandbox.faults.carrier = Fault(action="fail", status=status)
        with pytest.raises(Unavailable) as away:
            await book(carrier)

    assert away.value.retry_after_s is None


@pytest.mark.parametrize("status", [400, 403, 404, 422])
async def test_a_refusal_is_for_good(status: int) -> None:
    async with open_sandbox() as (sandbox, carrier):
        sandbox.faults.carrier = Fault(action="fail", status=status)
        with pytest.raises(BadInput):
            await book(carrier)


async def test_a_wrong_key_is_no_parcels_fault() -> None:
    async with open_sandbox("guessed") as (_, carrier):
        with pytest.raises(Unavailable):
            await book(carrier)


async def test_how_long_the_carrier_wants_to_be_left_alone_is_passed_on() -> None:
    async with open_sandbox() as (sandbox, carrier):
        sandbox.faults.carrier = Fault(action="rate_limit", retry_after_s=90)
        with pytest.raises(Unavailable) as away:
            await book(carrier)
        sandbox.faults.reset()
        first = await book(carrier)

        assert away.value.retry_after_s == 90
        assert await book(carrier) == first
        assert len(sandbox.shipments()) == 1


async def test_a_recipient_has_a_region_and_a_phone_where_they_were_given() -> None:
    address = Address(line1="1 Main St", city="Springfield", region="IL", postal_code="62701", country="US")
    async with open_sandbox() as (sandbox, carrier):
        await carrier.book("ord_1", "standard", 100, Recipient("Ada Buyer", address, "+1 217 555 0100"))
        await book(carrier, "ord_2")

        first, second = sandbox.shipments()
        assert (first.recipient.region, first.recipient.phone) == ("IL", "+1 217 555 0100")
        assert (second.recipient.region, second.recipient.phone) == (None, None)


@pytest.mark.parametrize("answer", [b"<html>Please log in</html>", b"[]", b'{"id": "shp_1", "tracking_number": null}'])
async def test_an_answer_that_no_carrier_gives_is_none(answer: bytes) -> None:
    async def take(_request: web.Request) -> web.Response:
        return web.Response(body=answer)

    app = web.Application()
    app.add_routes([web.post("/v1/shipments", take)])
    async with TestServer(app) as server:
        circuit = Circuit("the carrier", ManualClock())
        async with open_carrier(str(server.make_url("/")), "key", name="Carrier", circuit=circuit) as carrier:
            with pytest.raises(Unavailable, match="can't be read"):
                await book(carrier)
