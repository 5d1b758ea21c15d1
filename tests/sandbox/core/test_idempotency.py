"""Idempotency keys: what Stripe documents, word by word."""

import asyncio

import aiohttp
import pytest
import stripe

from sandbox import Fault
from tests.sandbox.world import SECRET_KEY, World, open_world

AUTHORIZED = {"Authorization": f"Bearer {SECRET_KEY}"}


async def post(world: World, key: str, **form: str) -> tuple[int, dict[str, object], aiohttp.ClientResponse]:
    headers = {**AUTHORIZED, "Idempotency-Key": key}
    async with world.http.post("/v1/payment_intents", data=form, headers=headers) as answer:
        return answer.status, await answer.json(), answer


async def test_a_repeat_gets_the_first_answer() -> None:
    async with open_world() as world:
        _, first, told = await post(world, "k", amount="1000", currency="eur")
        _, second, replayed = await post(world, "k", currency="eur", amount="1000")

        assert first == second
        assert "Idempotent-Replayed" not in told.headers
        assert replayed.headers["Idempotent-Replayed"] == "true"
        assert replayed.headers["Idempotency-Key"] == "k"
        assert replayed.headers["Original-Request"] == told.headers["Request-Id"] != replayed.headers["Request-Id"]
        assert len(world.sandbox.payment_intents()) == 1


async def test_the_same_key_with_other_parameters_is_refused() -> None:
    async with open_world() as world:
        await world.intent(1000, key="k")
        with pytest.raises(stripe.IdempotencyError) as refused:
            await world.intent(1100, key="k")
        assert refused.value.http_status == 400


async def test_a_decline_is_stored_like_any_answer() -> None:
    async with open_world() as world:
        made = await world.intent()
        for _ in range(2):
            with pytest.raises(stripe.CardError):
                await world.intents.confirm_async(
                    made.id, {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "k"}
                )
        assert len(world.sandbox.charges()) == 1


async def test_a_500_is_stored_although_the_work_was_done() -> None:
    async with open_world() as world:
        world.sandbox.faults.stripe = Fault(action="fail", after_work=True, count=1)
        first, body, _ = await post(world, "k", amount="1000", currency="eur")
        second, again, answer = await post(world, "k", amount="1000", currency="eur")

        assert (first, second, again) == (500, 500, body)
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert len(world.sandbox.payment_intents()) == 1


async def test_a_failure_before_the_work_leaves_the_key_free() -> None:
    async with open_world() as world:
        world.sandbox.faults.stripe = Fault(action="fail", status=503, count=1)
        first, _, _ = await post(world, "k", amount="1000", currency="eur")
        second, _, _ = await post(world, "k", amount="1000", currency="eur")
        assert (first, second) == (503, 200)


async def test_what_failed_validation_leaves_the_key_free() -> None:
    async with open_world() as world:
        bad, _, _ = await post(world, "k", amount="ten", currency="eur")
        good, _, _ = await post(world, "k", amount="1000", currency="eur")
        assert (bad, good) == (400, 200)


async def test_a_twin_in_flight_is_409() -> None:
    async with open_world() as world:
        world.sandbox.faults.stripe = Fault(delay_s=0.3)
        first, second = await asyncio.gather(*(post(world, "k", amount="1000", currency="eur") for _ in range(2)))
        third, _, _ = await post(world, "k", amount="1000", currency="eur")

        assert sorted([first[0], second[0]]) == [200, 409]
        assert third == 200
        assert len(world.sandbox.payment_intents()) == 1


async def test_keys_are_forgotten_after_a_day() -> None:
    async with open_world() as world:
        await world.intent(1000, key="k")
        await world.pass_time(24 * 3600 - 1)
        await world.intent(1000, key="k")
        await world.pass_time(1)
        await world.intent(1100, key="k")
        assert len(world.sandbox.payment_intents()) == 2


async def test_a_key_is_at_most_255_ascii_characters() -> None:
    async with open_world() as world:
        assert (await post(world, "k" * 255, amount="1000", currency="eur"))[0] == 200
        assert (await post(world, "k" * 256, amount="1000", currency="eur"))[0] == 400
        assert (await post(world, "\xfc", amount="1000", currency="eur"))[0] == 400
