"""A mailbox: bounded, in order per key, nothing lost, and its counts come back to zero."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.actor import Actor, call, turn
from engine.clock import ManualClock
from engine.envelope import Envelope
from engine.errors import Overloaded
from engine.mailbox import Mailbox
from engine.message import Command
from engine.transaction import Transaction


class Alpha(Command[None]):
    key: str


class Beta(Command[None]):
    key: str


class Gamma(Command[None]):
    key: str


class Learned(Command[None]):
    key: str


class Host(Actor):
    @turn
    async def alpha(self, tx: Transaction, asks: Sequence[Alpha]) -> None: ...

    @turn
    async def beta(self, tx: Transaction, asks: Sequence[Beta]) -> None: ...

    @call(limit=2)
    async def gamma(self, ask: Gamma) -> Learned:
        raise NotImplementedError

    @turn
    async def learned(self, tx: Transaction, asks: Sequence[Learned]) -> None: ...


KINDS: dict[str, type[Command[None]]] = {"alpha": Alpha, "beta": Beta, "gamma": Gamma}


def box(limit: int = 100) -> tuple[Mailbox, ManualClock]:
    clock = ManualClock()
    return Mailbox("host", Host.handlers, limit, clock), clock


def envelope(kind: str, key: str, number: int = 0) -> Envelope:
    made = KINDS[kind](key=key)
    return Envelope(made, message_id=str(number))


def ids(envelopes: Sequence[Envelope]) -> list[str]:
    return [each.id for each in envelopes]


def test_a_full_mailbox_refuses_and_takes_nothing_in() -> None:
    mailbox, clock = box(limit=1)
    mailbox.put(envelope("alpha", "k"))
    with pytest.raises(Overloaded, match="host is unavailable: its mailbox is full"):
        mailbox.put(envelope("alpha", "k"))
    assert mailbox.size == 1
    mailbox.done(mailbox.take_turn(10))
    assert (mailbox.size, clock._work) == (0, 0)


def test_what_is_being_handled_takes_room_too() -> None:
    mailbox, _ = box(limit=1)
    mailbox.put(envelope("alpha", "k"))
    mailbox.take_turn(10)
    with pytest.raises(Overloaded):
        mailbox.put(envelope("alpha", "k"))


def test_who_has_waited_longest_goes_first() -> None:
    mailbox, _ = box()
    mailbox.put(envelope("beta", "b", 1))
    mailbox.put(envelope("alpha", "a", 2))
    assert ids(mailbox.take_turn(10)) == ["1"]
    assert ids(mailbox.take_turn(10)) == ["2"]
    assert mailbox.take_turn(10) == []


def test_a_lane_that_has_begun_lets_nobody_join_its_turn() -> None:
    mailbox, _ = box()
    mailbox.put(envelope("alpha", "k", 1))
    first = mailbox.take_turn(10)
    mailbox.put(envelope("alpha", "k", 2))
    assert mailbox.take_turn(10) == []
    mailbox.done(first)
    assert ids(mailbox.take_turn(10)) == ["2"]


def test_calls_are_bounded_and_one_at_a_time_per_key() -> None:
    mailbox, _ = box()
    for number, key in enumerate("aabc"):
        mailbox.put(envelope("gamma", key, number))
    taken = [mailbox.take_call() for _ in range(3)]
    assert [each.id for each in taken if each] == ["0", "2"]
    first = taken[0]
    assert first
    mailbox.done([first])
    mailbox.call_ended(first.handler)
    following = mailbox.take_call()
    assert following
    assert following.id == "3"  # It has waited in front; key a's next stepped forward after it.


def test_what_is_held_back_is_no_work_and_its_lane_waits() -> None:
    mailbox, clock = box()
    for number in range(3):
        mailbox.put(envelope("alpha", "k", number))
    mailbox.put(envelope("alpha", "other", 9))
    first, *rest = mailbox.take_turn(2)
    mailbox.hold_back(first, rest)
    assert ids(mailbox.take_turn(10)) == ["9"]
    assert clock._work == 1
    mailbox.retry(first)
    again = mailbox.take_turn(10)
    assert ids(again) == ["0"]
    mailbox.done(again)
    assert ids(mailbox.take_turn(10)) == ["1", "2"]


def test_in_hand_is_what_was_taken_and_neither_done_nor_held_back() -> None:
    mailbox, _ = box()
    for number, key in enumerate("aabc"):
        mailbox.put(envelope("alpha", key, number))
    batch = mailbox.take_turn(10)
    assert ids(list(mailbox.in_hand)) == ["0", "1", "2", "3"]
    mailbox.hold_back(batch[0], [batch[1]])
    mailbox.done([batch[2]])
    assert ids(list(mailbox.in_hand)) == ["3"]


def test_suspended_it_is_no_work_whatever_comes_in() -> None:
    mailbox, clock = box()
    mailbox.put(envelope("alpha", "a"))
    mailbox.work.suspend()
    mailbox.put(envelope("alpha", "b"))
    assert clock._work == 0
    mailbox.work.resume()
    assert clock._work == 2


def test_how_long_the_oldest_has_waited() -> None:
    mailbox, _ = box()
    assert mailbox.oldest_wait_s() == 0
    mailbox.put(envelope("alpha", "a"))
    assert mailbox.oldest_wait_s() > 0


class Life:
    """A mailbox under a random life, beside a plain list of what must come out of each lane and when."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.mailbox, self.clock = box()
        self.put: dict[str, list[str]] = {}  # By key, in order.
        self.over: dict[str, list[str]] = {}
        self.turns: list[Envelope] = []
        self.calls: list[Envelope] = []
        self.held: list[Envelope] = []
        self.numbers = 0

    def step(self, what: int, kind: str, key: str) -> None:
        if what <= 3:
            self.numbers += 1
            self.mailbox.put(envelope(kind, key, self.numbers))
            if key:
                self.put.setdefault(key, []).append(str(self.numbers))
        elif what <= 5:
            self.take(kind)
        elif what == 6 and self.turns:
            self.end(self.turns.pop(0))
        elif what == 7 and self.turns:
            self.fail()
        elif what == 8 and self.calls:
            self.learn(self.calls.pop(0))
        elif what == 9 and self.held:
            self.mailbox.retry(self.held.pop())

    def take(self, kind: str) -> None:
        if kind == "gamma":
            called = self.mailbox.take_call()
            if called:
                assert called.key not in {other.key for other in self.calls if other.key}
                self.calls.append(called)
        elif not self.turns:
            self.turns = self.mailbox.take_turn(self.limit)
            assert len(self.turns) <= self.limit
            assert len({each.handler for each in self.turns}) <= 1

    def end(self, ended: Envelope) -> None:
        self.mailbox.done([ended])
        if ended.key:
            self.over.setdefault(ended.key, []).append(ended.id)

    def fail(self) -> None:
        failed = self.turns.pop(0)
        behind = [other for other in self.turns if other.key and other.key == failed.key]
        self.turns = [other for other in self.turns if other not in behind]
        self.mailbox.hold_back(failed, behind)
        self.held.append(failed)

    def learn(self, called: Envelope) -> None:
        handler = called.handler
        self.mailbox.replace(called, Learned(key=called.key))
        self.mailbox.call_ended(handler)

    def finish(self) -> None:
        while self.mailbox.size:
            for held in self.held:
                self.mailbox.retry(held)
            self.held = []
            for ended in self.turns or self.mailbox.take_turn(self.limit):
                self.end(ended)
            self.turns = []
            self.take("gamma")
            for called in self.calls:
                self.learn(called)
            self.calls = []


STEP = st.tuples(st.integers(0, 9), st.sampled_from(sorted(KINDS)), st.sampled_from(["", "a", "b", "c"]))


@given(steps=st.lists(STEP, max_size=80), limit=st.integers(1, 6))
@settings(max_examples=300, deadline=None)
def test_whatever_happens_order_per_key_holds_nothing_is_lost_and_counts_return_to_zero(
    steps: list[tuple[int, str, str]], limit: int
) -> None:
    life = Life(limit)
    for step in steps:
        life.step(*step)
        for key, over in life.over.items():
            assert over == life.put[key][: len(over)]

    life.finish()

    assert life.over == life.put
    assert life.mailbox.size == 0
    assert life.mailbox.in_hand == {}
    assert life.mailbox._lanes == {}
    assert life.clock._work == 0
