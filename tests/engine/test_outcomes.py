"""Outcomes of messages, without actor or database: each message ends in one of them, and its row or lease with it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from engine.backoff import Backoff
from engine.clock import ManualClock
from engine.deliveries import Addressed, ClaimedDeliveries
from engine.envelope import Envelope
from engine.errors import BadInput, Unavailable
from engine.flow import Flow
from engine.outcomes import Outcomes
from engine.transaction import OutboxEntry, Transaction
from tests.engine.test_mailbox import Alpha, box
from tests.engine.toys import settings


class Stored:
    """Deliveries that only record the calls."""

    def __init__(self) -> None:
        self.left: list[int] = []
        self.deferred: list[int] = []
        self.parked: list[str] = []
        self.failures = 0
        self.can_park = True

    async def claim(self, _tx: Transaction, ids: Sequence[int]) -> ClaimedDeliveries:
        return ClaimedDeliveries(ids)

    @property
    def is_open(self) -> bool:
        return True

    def address(self, outgoing: Sequence[OutboxEntry]) -> Sequence[Addressed]:
        return [Addressed("host", "id", entry) for entry in outgoing]

    async def find_waiting(self, _tx: Transaction, _lanes: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        return ()

    async def store(self, _tx: Transaction, addressed: Sequence[Addressed]) -> object:
        return addressed

    def hand_over(self, stored: object) -> None: ...

    def on_rollback(self, stored: object) -> None: ...

    def mark_left(self, ids: Sequence[int]) -> None:
        self.left += ids

    def defer(self, _actor: str, ids: Sequence[int]) -> None:
        self.deferred += ids

    async def note_failure(self, _delivery_id: int) -> int:
        self.failures += 1
        return self.failures

    async def park(self, _actor: str, envelope: Envelope, _error: Exception) -> None:
        if not self.can_park:
            raise Unavailable("PostgreSQL")
        self.parked.append(envelope.id)


class Borrowed:
    """A lease that records how it ended."""

    receives = 3
    is_lost = False
    on_lost: Callable[[], None] | None = None

    def __init__(self) -> None:
        self.ended: list[str] = []

    def done(self) -> None:
        self.ended.append("done")

    def give_back(self, pause_s: float) -> None:
        self.ended.append(f"back after {pause_s:g} s")


class World:
    """One mailbox and the outcomes of its messages; retries pause for 1, 2, 4 seconds."""

    def __init__(self) -> None:
        self.mailbox, self.clock = box()
        self.stored = Stored()
        self.outcomes = Outcomes(
            "host",
            mailbox=self.mailbox,
            deliveries=self.stored,
            clock=self.clock,
            backoff=Backoff(1.0, 60.0),
            settings=settings(),
            flow=Flow(),
        )

    def taken(self, **options: object) -> Envelope:
        envelope = Envelope(Alpha(key="k"), message_id="m", **options)  # type: ignore[arg-type] # any of an envelope's
        self.mailbox.put(envelope)
        assert self.mailbox.take_turn(10) == [envelope]
        return envelope


async def test_a_finished_message_answers_its_asker_and_leaves() -> None:
    world, reply = World(), asyncio.Future[object]()
    envelope = world.taken(reply=reply, expires_s=1e9, delivery_id=7)

    world.outcomes.finish([envelope], ["here"])

    assert await reply == "here"
    assert world.stored.left == [7]
    assert world.mailbox.size == 0


async def test_a_deferred_delivery_goes_back_to_its_table_and_its_queue() -> None:
    world, lease = World(), Borrowed()
    envelope = world.taken(delivery_id=7, lease=lease)

    world.outcomes.defer([envelope])

    assert world.stored.deferred == [7]
    assert lease.ended[0] == "back after 0.2 s"
    assert world.mailbox.size == 0


async def test_an_ask_whose_asker_has_gone_is_dropped_and_a_call_result_never() -> None:
    world, reply = World(), asyncio.Future[object]()
    envelope = world.taken(reply=reply, expires_s=asyncio.get_running_loop().time() - 1)

    envelope.is_call_result = True
    assert world.outcomes.drop_abandoned([envelope]) == [envelope]
    envelope.is_call_result = False
    assert world.outcomes.drop_abandoned([envelope]) == []
    assert world.mailbox.size == 0


async def test_a_call_result_whose_lease_is_lost_is_given_up_like_any_message() -> None:
    world, lease = World(), Borrowed()
    lease.is_lost = True
    envelope = world.taken(delivery_id=7, lease=lease)
    envelope.is_call_result = True

    assert world.outcomes.drop_abandoned([envelope]) == []
    assert world.stored.left == [7]  # Its row stays: a sweep or the queue brings it again.
    assert world.mailbox.size == 0


async def test_bad_input_is_parked_at_once() -> None:
    world = World()
    envelope = world.taken(delivery_id=7)

    assert await world.outcomes.fail(envelope, BadInput("never"))

    assert world.stored.parked == ["m"]
    assert world.mailbox.size == 0


async def test_a_message_that_can_not_be_parked_yet_is_retried() -> None:
    world = World()
    world.stored.can_park = False
    envelope = world.taken(delivery_id=7)

    assert not await world.outcomes.fail(envelope, BadInput("never"))
    assert world.mailbox.take_turn(10) == []
    await _advance_without_rest(world.clock, seconds=1)

    assert world.mailbox.take_turn(10) == [envelope]


async def test_a_service_that_is_away_costs_a_leased_message_no_receipt() -> None:
    world, lease = World(), Borrowed()
    envelope = world.taken(delivery_id=7, lease=lease)

    assert not await world.outcomes.fail(envelope, Unavailable("the outside", retry_after_s=5))

    assert (envelope.attempts, envelope.unavailable_tries, lease.ended) == (0, 1, [])
    await _advance_without_rest(world.clock, seconds=4)
    assert world.mailbox.take_turn(10) == []
    await _advance_without_rest(world.clock, seconds=1)
    assert world.mailbox.take_turn(10) == [envelope]


async def test_a_leased_message_that_fails_by_itself_goes_back_to_its_queue() -> None:
    world, lease = World(), Borrowed()
    envelope = world.taken(lease=lease)

    assert await world.outcomes.fail(envelope, RuntimeError("a bug"))

    assert lease.ended[0] == "back after 4 s"  # It was handed out for the third time.
    assert world.mailbox.size == 0


async def test_an_ask_that_fails_is_answered_and_never_parked() -> None:
    world, reply = World(), asyncio.Future[object]()
    envelope = world.taken(reply=reply, expires_s=1e9)

    assert await world.outcomes.fail(envelope, BadInput("never"))

    assert isinstance(reply.exception(), BadInput)
    assert world.stored.parked == []


async def test_when_one_of_a_lane_is_retried_the_others_wait_behind_it() -> None:
    world = World()
    batch = [Envelope(Alpha(key=key), message_id=key + str(place)) for place, key in enumerate("kkx")]
    for envelope in batch:
        world.mailbox.put(envelope)
    assert world.mailbox.take_turn(10) == batch

    left = await world.outcomes.fail_ahead_of(batch[1:], batch[0], RuntimeError("a bug"))

    assert [envelope.id for envelope in left] == ["x2"]
    world.outcomes.finish(left, [None])
    await _advance_without_rest(world.clock, seconds=1)
    assert world.mailbox.take_turn(10) == [batch[0]]


async def _advance_without_rest(clock: ManualClock, *, seconds: float) -> None:
    """Move the clock; what it makes ready is work that only the test takes."""
    end = clock.now() + timedelta(seconds=seconds)
    while (timer := clock._next(end)) is not None:
        timer.fire()
    clock._now = end
