"""Handing over in memory, without a database: what an actor gets, in which order, and what is left to a sweep."""

from collections.abc import Sequence

import pytest

from bus import dispatcher
from bus.dispatcher import Dispatcher, Subscription
from bus.in_memory import InMemory
from engine.envelope import Envelope
from engine.errors import Overloaded
from tests.engine.toys import Rang


class World:
    """A dispatcher with one hosted actor, whose mailbox has room for so many; all others are elsewhere."""

    def __init__(self, room: int = 1000) -> None:
        self.room = room
        self.mailbox: list[int] = []
        self.forwarded: list[tuple[str, int]] = []
        self.in_memory = InMemory()
        self.dispatcher = Dispatcher(self.in_memory)
        self.dispatcher.open({"here": self._put}, self._forward)

    @property
    def subscription(self) -> Subscription:
        return self.dispatcher.subscriptions["here"]

    def live(self) -> "World":
        """After the first sweep, which has found nothing."""
        self.subscription.begin_catch_up()
        self.subscription.go_live()
        self.subscription.end_catch_up()
        return self

    def commit(self, *ids: int, subscriber: str = "here") -> None:
        self.in_memory.enter(ids)
        self.dispatcher.hand_over([(subscriber, delivery(each)) for each in ids])

    def known(self, *ids: int) -> Sequence[int]:
        """Those that a read which begins now must not bring."""
        self.in_memory.begin_read()
        return [each for each in ids if self.in_memory.was_here(each)]

    def _put(self, envelope: Envelope) -> None:
        if len(self.mailbox) >= self.room:
            raise Overloaded("here")
        self.mailbox.append(envelope.delivery_id)

    def _forward(self, subscriber: str, envelope: Envelope) -> None:
        self.forwarded.append((subscriber, envelope.delivery_id))


def delivery(delivery_id: int) -> Envelope:
    return Envelope(Rang(key="k"), message_id=f"m{delivery_id}", delivery_id=delivery_id)


def test_a_live_actor_gets_what_was_stored_and_no_sweep_brings_it_again() -> None:
    world = World().live()

    world.commit(1, 2)

    assert world.mailbox == [1, 2]
    assert world.known(1, 2) == [1, 2]


def test_a_delivery_for_another_process_is_forwarded_and_not_in_memory() -> None:
    world = World().live()

    world.commit(1, subscriber="there")

    assert (world.mailbox, world.forwarded) == ([], [("there", 1)])
    assert world.known(1) == []


def test_without_other_processes_a_delivery_for_one_is_only_a_row() -> None:
    world = World()
    world.dispatcher.open({}, None)

    world.commit(1, subscriber="there")

    assert world.forwarded == []
    assert world.known(1) == []


def test_until_the_first_sweep_new_deliveries_are_left_as_rows() -> None:
    world = World()

    world.commit(1)

    assert world.mailbox == []
    assert world.known(1) == []


def test_what_is_stored_while_a_sweep_reads_comes_after_what_it_finds() -> None:
    world = World()
    world.subscription.begin_catch_up()
    world.commit(7, 8)
    assert world.known(7, 8) == [7, 8]  # The sweep that keeps them must not bring them.
    assert world.subscription.hand(delivery(3))

    world.subscription.go_live()
    world.subscription.end_catch_up()
    world.commit(9)

    assert world.mailbox == [3, 7, 8, 9]
    assert world.known(7, 8, 9) == [7, 8, 9]


def test_a_sweep_that_fails_leaves_what_was_kept_as_rows_and_the_actor_behind() -> None:
    world = World()
    world.subscription.begin_catch_up()
    world.commit(7)

    world.subscription.end_catch_up()
    world.commit(8)

    assert world.mailbox == []
    assert world.known(7, 8) == []


def test_if_more_comes_than_is_kept_all_of_it_is_left_as_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "_MOST_MEANWHILE", 2)
    world = World()
    world.subscription.begin_catch_up()
    world.commit(1, 2)
    assert not world.subscription.is_outrun()

    world.commit(3, 4)
    assert world.subscription.is_outrun()
    world.subscription.end_catch_up()

    assert world.known(1, 2, 3, 4) == []


def test_nothing_overtakes_a_delivery_that_a_full_mailbox_refused() -> None:
    world = World(room=1).live()
    world.commit(1, 2)

    world.room = 2
    world.commit(3)

    assert world.mailbox == [1]
    assert world.known(1, 2, 3) == [1]


def test_a_mailbox_that_fills_up_at_the_end_of_a_sweep_falls_behind_again() -> None:
    world = World(room=2)
    world.subscription.begin_catch_up()
    world.commit(1, 2, 3)

    world.subscription.go_live()
    world.subscription.end_catch_up()

    assert world.mailbox == [1, 2]
    assert world.subscription.is_behind
    assert world.known(1, 2, 3) == [1, 2]


def test_an_actor_that_falls_behind_while_a_sweep_reads_is_read_for_again() -> None:
    world = World()
    world.subscription.begin_catch_up()
    world.commit(7)

    world.dispatcher.fall_behind(["here"])  # The running read may have begun before the rows that this is about.
    world.subscription.go_live()
    world.subscription.end_catch_up()

    assert world.subscription.is_behind
    assert world.mailbox == []
    assert world.known(7) == []


def test_actors_of_other_processes_do_not_fall_behind() -> None:
    world = World().live()

    world.dispatcher.fall_behind(["there", "here"])

    assert list(world.dispatcher.subscriptions) == ["here"]
    assert world.subscription.is_behind


def test_closed_it_hands_over_nothing_more_but_forwards() -> None:
    world = World().live()

    world.dispatcher.close()
    world.commit(1)
    world.commit(2, subscriber="there")

    assert (world.mailbox, world.forwarded) == ([], [("there", 2)])
    assert world.known(1, 2) == []
