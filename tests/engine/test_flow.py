"""Counts of what flows between actors: exact always, waits only while somebody watches."""

from datetime import UTC, datetime
from time import perf_counter, process_time

from engine.deliveries import Addressed
from engine.envelope import Envelope
from engine.flow import Edge, Flow, Waits
from engine.transaction import OutboxEntry
from tests.engine.test_mailbox import Alpha

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MESSAGES = 10_000


def sent_to(subscriber: str, *, due: bool = False) -> Addressed:
    entry = OutboxEntry(Alpha(key="k"), NOON if due else None, publisher="order")
    return Addressed(subscriber, "m", entry)


def waiting(seconds: float) -> Envelope:
    envelope = Envelope(Alpha(key="k"), message_id="m", delivery_id=1)
    envelope.enqueued_s = perf_counter() - seconds
    return envelope


def test_messages_are_counted_by_publisher_type_and_subscriber() -> None:
    flow = Flow()

    flow.count([sent_to("email"), sent_to("analytics"), sent_to("email")], [])

    assert flow.sent() == {Edge("order", "Alpha", "email"): 2, Edge("order", "Alpha", "analytics"): 1}


def test_timers_are_no_flow() -> None:
    flow = Flow()

    flow.count([sent_to("order", due=True)], [])

    assert flow.sent() == {}


def test_waits_are_sampled_from_the_first_reading_on() -> None:
    flow = Flow()
    assert flow.take_waits() == {}

    flow.note_waits("email", [waiting(1.0), waiting(3.0), waiting(9.0)])

    waits = flow.take_waits()["Alpha", "email"]
    assert [round(waits.p50_s), round(waits.max_s)] == [3, 9]
    assert flow.take_waits() == {}


def test_what_is_handled_inline_has_not_waited() -> None:
    flow = Flow()
    flow.take_waits()

    flow.count([sent_to("email")], [sent_to("email")])

    assert flow.take_waits() == {("Alpha", "email"): Waits(0.0, 0.0)}


def test_nothing_is_sampled_while_nobody_watches() -> None:
    flow = Flow()
    flow.take_waits()
    flow.rest()

    flow.count([sent_to("email")], [sent_to("email")])

    assert not flow.is_watched
    assert flow.take_waits() == {}


def test_the_longest_wait_counts_however_many_there_are() -> None:
    flow = Flow()
    flow.take_waits()

    flow.note_waits("email", [waiting(1.0)] * 1000)
    flow.note_waits("email", [waiting(9.0)])

    assert round(flow.take_waits()["Alpha", "email"].max_s) == 9


def test_dead_letters_are_counted_by_type_and_subscriber() -> None:
    flow = Flow()

    flow.note_parked("email", waiting(0.0))

    assert (flow.parked("Alpha", "email"), flow.parked("Alpha", "order")) == (1, 0)
    assert flow.sent() == {Edge("", "Alpha", "email"): 0}


def test_ten_thousand_messages_a_second_take_less_than_a_twentieth_of_a_core() -> None:
    flow = Flow()
    flow.take_waits()
    batch = [sent_to(f"actor {number % 20}") for number in range(MESSAGES)]
    stored = [waiting(0.0)] * (MESSAGES // 2)

    begun_s = process_time()
    flow.count(batch, batch[::2])
    flow.note_waits("email", stored)
    flow.sent()
    flow.take_waits()

    assert process_time() - begun_s < 0.05
