"""A circuit opens when a service is down, finds out by single calls, and comes back gently."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from engine.circuit import NEXT, Circuit, CircuitEvent, CircuitState
from engine.clock import ManualClock
from engine.errors import BadInput, Unavailable


class Service:
    """Something outside, that is there or not."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked = 0

    async def answer(self) -> str:
        self.asked += 1
        if self.is_down:
            raise Unavailable("the outside")
        return "here"

    async def refuse(self) -> str:
        self.asked += 1
        raise BadInput("never")


async def refused(circuit: Circuit, attempt: Callable[[], Awaitable[str]]) -> Unavailable:
    with pytest.raises(Unavailable) as error:
        await circuit.call(attempt)
    return error.value


async def down(clock: ManualClock) -> tuple[Circuit, Service]:
    """A circuit that has just opened."""
    circuit, service = Circuit("the outside", clock), Service()
    service.is_down = True
    for _ in range(5):
        await refused(circuit, service.answer)
    return circuit, service


async def test_a_service_that_is_down_is_not_asked_again_for_a_while(clock: ManualClock) -> None:
    circuit, service = await down(clock)

    error = await refused(circuit, service.answer)

    assert service.asked == 5
    assert error.retry_after_s == pytest.approx(1.0)


async def test_four_failures_are_bad_luck_and_a_success_forgives_them(clock: ManualClock) -> None:
    circuit, service = Circuit("the outside", clock), Service()
    for _ in range(3):
        service.is_down = True
        for _ in range(4):
            await refused(circuit, service.answer)
        service.is_down = False
        assert await circuit.call(service.answer) == "here"

    assert service.asked == 15


async def test_who_says_no_is_there(clock: ManualClock) -> None:
    circuit, service = Circuit("the outside", clock), Service()
    for _ in range(20):
        with pytest.raises(BadInput):
            await circuit.call(service.refuse)

    assert service.asked == 20


async def test_one_call_finds_out_whether_it_is_back_and_each_time_later(clock: ManualClock) -> None:
    circuit, service = await down(clock)
    pauses = []
    for _ in range(7):
        pause = await refused(circuit, service.answer)
        assert pause.retry_after_s
        pauses.append(round(pause.retry_after_s, 3))
        clock.jump(timedelta(seconds=pause.retry_after_s))
        await refused(circuit, service.answer)

    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert service.asked == 5 + 7


async def test_what_has_piled_up_is_let_through_at_a_bounded_rate(clock: ManualClock) -> None:
    circuit, service = await down(clock)
    clock.jump(timedelta(seconds=1))
    service.is_down, service.asked = False, 0
    per_second = []
    for _ in range(8):
        before = service.asked
        for _ in range(1000):
            with suppress(Unavailable):
                await circuit.call(service.answer)
        per_second.append(service.asked - before)
        clock.jump(timedelta(seconds=1))

    assert per_second == [8, 16, 32, 64, 128, 256, 1000, 1000]


async def test_a_service_that_goes_down_again_while_it_comes_back_is_left_alone_again(clock: ManualClock) -> None:
    circuit, service = await down(clock)
    clock.jump(timedelta(seconds=1))
    service.is_down = False
    await circuit.call(service.answer)
    service.is_down = True
    for _ in range(5):
        await refused(circuit, service.answer)
    asked = service.asked

    await refused(circuit, service.answer)

    assert service.asked == asked


async def test_a_probe_that_is_cancelled_leaves_the_place_to_another(clock: ManualClock) -> None:
    circuit, service = await down(clock)
    clock.jump(timedelta(seconds=1))
    service.is_down = False

    async def given_up() -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await circuit.call(given_up)

    assert await circuit.call(service.answer) == "here"


async def test_a_clock_that_is_set_back_does_not_keep_a_service_waiting(clock: ManualClock) -> None:
    circuit, service = await down(clock)
    clock.jump(timedelta(hours=-1))
    service.is_down, service.asked = False, 0
    assert await circuit.call(service.answer) == "here"
    clock.jump(timedelta(hours=-1))

    for _ in range(6):
        with suppress(Unavailable):
            for _ in range(1000):
                await circuit.call(service.answer)
        clock.jump(timedelta(seconds=1))

    assert service.asked == 1 + 8 + 16 + 32 + 64 + 128 + 256


async def test_a_circuit_passes_through_its_states(clock: ManualClock) -> None:
    circuit, service = await down(clock)
    states = [circuit.state]

    async def probe() -> str:
        states.append(circuit.state)
        return await service.answer()

    clock.jump(timedelta(seconds=1))
    await refused(circuit, probe)
    states.append(circuit.state)
    clock.jump(timedelta(seconds=2))
    service.is_down = False
    await circuit.call(probe)
    states.append(circuit.state)
    clock.jump(timedelta(seconds=6))
    await circuit.call(service.answer)
    states.append(circuit.state)

    open_, half_open = CircuitState.OPEN, CircuitState.HALF_OPEN
    assert states == [open_, half_open, open_, half_open, CircuitState.RECOVERING, CircuitState.CLOSED]


async def test_a_straggler_that_fails_does_not_lengthen_the_pause_and_one_that_is_answered_ends_it(
    clock: ManualClock,
) -> None:
    circuit, service = Circuit("the outside", clock), Service()
    fails, answers = asyncio.Future[str](), asyncio.Future[str]()
    failing = asyncio.ensure_future(circuit.call(lambda: fails))
    answering = asyncio.ensure_future(circuit.call(lambda: answers))
    await asyncio.sleep(0)
    service.is_down = True
    for _ in range(5):
        await refused(circuit, service.answer)

    fails.set_exception(Unavailable("the outside"))
    with pytest.raises(Unavailable):
        await failing
    assert (await refused(circuit, service.answer)).retry_after_s == pytest.approx(1.0)

    service.is_down = False
    answers.set_result("here")
    assert await answering == "here"
    assert circuit.state is CircuitState.RECOVERING
    assert await circuit.call(service.answer) == "here"


def test_each_state_can_be_reached_and_left() -> None:
    assert {state for state, _ in NEXT} == set(NEXT.values()) == set(CircuitState)
    assert {fact for _, fact in NEXT} == set(CircuitEvent)
