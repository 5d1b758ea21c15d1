"""The world outside misbehaves, on request: over HTTP and in process."""

import asyncio

import aiohttp
import pytest
import stripe

from sandbox import Fault
from tests.sandbox.world import SECRET_KEY, open_world

AUTHORIZED = {"Authorization": f"Bearer {SECRET_KEY}"}


async def test_faults_are_set_read_and_reset_over_http() -> None:
    async with open_world() as world:
        async with world.http.put("/sandbox/faults/stripe", json={"action": "fail", "status": 503}) as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, 503)
        with pytest.raises(stripe.APIError):
            await world.intent()
        async with world.http.delete("/sandbox/faults/stripe") as answer:
            assert answer.status == 204
        await world.intent()
        async with world.http.get("/sandbox/faults") as answer:
            assert set(await answer.json()) == {"stripe", "carrier", "smtp", "webhooks"}


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [("stripe", {"acton": "fail"}, 422), ("webhooks", {"repeat": 0}, 422), ("weather", {}, 404)],
)
async def test_a_fault_that_makes_no_sense_is_refused(name: str, body: dict[str, object], status: int) -> None:
    async with open_world() as world, world.http.put(f"/sandbox/faults/{name}", json=body) as answer:
        assert answer.status == status


async def test_only_the_next_calls_of_one_path_fail() -> None:
    async with open_world() as world:
        world.sandbox.faults.stripe = Fault(action="fail", count=1, path="POST /v1/refunds")
        paid = await world.paid()
        with pytest.raises(stripe.APIError):
            await world.refunds.create_async({"payment_intent": paid.id})
        await world.refunds.create_async({"payment_intent": paid.id})


async def test_rate_limits_say_when_to_come_back() -> None:
    async with open_world() as world:
        world.sandbox.faults.stripe = Fault(action="rate_limit", count=1, retry_after_s=3)
        with pytest.raises(stripe.RateLimitError) as refused:
            await world.intent()
        assert refused.value.headers is not None
        assert refused.value.headers["Retry-After"] == "3"


@pytest.mark.parametrize("action", ["drop", "hang"])
@pytest.mark.parametrize("after_work", [False, True])
async def test_the_answer_is_lost(action: str, after_work: bool) -> None:
    async with open_world() as world:
        await world.http.put("/sandbox/faults/stripe", json={"action": action, "after_work": after_work, "count": 1})
        form, headers = {"amount": "1000", "currency": "eur"}, {**AUTHORIZED, "Idempotency-Key": "k"}
        timeout = aiohttp.ClientTimeout(total=0.3)

        with pytest.raises((aiohttp.ClientError, TimeoutError)):
            await world.http.post("/v1/payment_intents", data=form, headers=headers, timeout=timeout)

        assert len(world.sandbox.payment_intents()) == int(after_work)
        async with world.http.post("/v1/payment_intents", data=form, headers=headers) as answer:
            assert answer.status == 200
            assert ("Idempotent-Replayed" in answer.headers) == after_work
        assert len(world.sandbox.payment_intents()) == 1


async def test_work_goes_on_when_the_client_has_given_up() -> None:
    async with open_world() as world:
        world.sandbox.faults.stripe = Fault(delay_s=0.2)
        form, timeout = {"amount": "1000", "currency": "eur"}, aiohttp.ClientTimeout(total=0.05)
        with pytest.raises(TimeoutError):
            await world.http.post("/v1/payment_intents", data=form, headers=AUTHORIZED, timeout=timeout)
        async with asyncio.timeout(5):
            await world.intents.list_async()  # As slow as the first, so it ends after it.
        assert len(world.sandbox.payment_intents()) == 1


async def test_chance_is_the_same_each_time() -> None:
    async with open_world() as world:
        rounds = []
        for _ in range(2):
            world.sandbox.faults.carrier = Fault(action="fail", probability=0.5, seed=3)
            statuses = []
            for _ in range(12):
                async with world.http.get("/carrier/v1/shipments") as answer:
                    statuses.append(answer.status)
            rounds.append(statuses)
        assert rounds[0] == rounds[1]
        assert set(rounds[0]) == {401, 500}
