"""What becomes of a carrier's answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actors.shipping.carrier import Carrier, open_carrier
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


async def book(carrier: Carrier) -> str:
    return (await carrier.book("ord_1", "standard", 100, "Ada Buyer", ADDRESS)).tracking_number


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
