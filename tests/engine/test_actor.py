"""Actor classes: what their annotations say, and the sentence for each way they can't work."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from engine.actor import Actor, call, turn
from engine.envelope import Envelope
from engine.message import Command, Event, Reply
from engine.transaction import Transaction


class Yes(Reply):
    n: int


class No(Reply):
    n: int


class Ask(Command[Yes | No]):
    key: str


class Note(Command[None]):
    key: str


class NoteInt(Command[int]):
    key: str


class Happened(Event):
    key: str


class AlsoHappened(Event):
    key: str


class Silent(Command):  # type: ignore[type-arg]
    key: str


class Good(Actor, name="the-good"):
    @turn
    async def ask(self, tx: Transaction, asks: Sequence[Ask]) -> Sequence[Yes | No]:
        raise NotImplementedError

    @turn
    async def note(self, note: Note) -> None: ...

    @turn
    async def hear(self, tx: Transaction, events: Sequence[Happened | AlsoHappened]) -> None: ...

    @call(limit=3, timeout_s=7)
    async def number(self, ask: NoteInt, envelope: Envelope) -> int:
        raise NotImplementedError

    async def helper(self) -> None: ...


def test_handlers_are_read_from_annotations() -> None:
    handlers = {handler.name: handler for handler in Good.handlers}

    assert Good.name == "the-good"
    assert set(handlers) == {"ask", "note", "hear", "number"}
    assert handlers["ask"].message_types == (Ask,)
    assert handlers["hear"].message_types == (Happened, AlsoHappened)
    assert (handlers["ask"].takes_many, handlers["ask"].takes_tx, handlers["ask"].is_call) == (True, True, False)
    assert (handlers["note"].takes_many, handlers["note"].takes_tx) == (False, False)
    assert (handlers["number"].is_call, handlers["number"].limit, handlers["number"].timeout_s) == (True, 3, 7)
    assert handlers["number"].takes_envelope


def test_a_name_that_is_not_given_is_the_class_s() -> None:
    class Inventory(Actor):
        pass

    assert Inventory.name == "inventory"


def test_a_subclass_has_the_handlers_of_its_base() -> None:
    class Better(Good):
        pass

    assert [handler.name for handler in Better.handlers] == [handler.name for handler in Good.handlers]
    assert Better.name == "better"


def test_an_answer_may_be_narrower_than_what_the_command_allows() -> None:
    class Agreeable(Actor):
        @turn
        async def ask(self, asks: Sequence[Ask]) -> Sequence[Yes]:
            raise NotImplementedError


def test_a_call_may_return_what_a_turn_records() -> None:
    class Careful(Actor):
        @call
        async def ask(self, ask: Ask) -> NoteYes | No:
            raise NotImplementedError

        @turn
        async def record(self, asks: Sequence[NoteYes]) -> Sequence[Yes]:
            raise NotImplementedError


class NoteYes(Command[Yes]):
    key: str


def not_async() -> type[Actor]:
    class Bad(Actor):
        @turn  # type: ignore[type-var]
        def handle(self, note: Note) -> None: ...

    return Bad


def without_annotations() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, tx, note: Note):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            ...

    return Bad


def without_a_message() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, tx: Transaction) -> None: ...

    return Bad


def with_two_messages() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, note: Note, ask: Ask) -> None: ...

    return Bad


def a_call_with_a_transaction() -> type[Actor]:
    class Bad(Actor):
        @call
        async def handle(self, tx: Transaction, note: Note) -> None: ...

    return Bad


def a_turn_with_an_envelope() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, note: Note, envelope: Envelope) -> None: ...

    return Bad


def a_call_of_many() -> type[Actor]:
    class Bad(Actor):
        @call
        async def handle(self, notes: Sequence[Note]) -> None: ...

    return Bad


def no_message_at_all() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, number: int) -> None: ...

    return Bad


def a_list() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, notes: list[Note]) -> None: ...

    return Bad


def a_reply() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, reply: Yes) -> None: ...

    return Bad


def several_commands() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, asks: Sequence[Happened | Note]) -> None: ...

    return Bad


def twice() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def first(self, note: Note) -> None: ...

        @turn
        async def second(self, notes: Sequence[Note]) -> None: ...

    return Bad


def one_answer_for_many() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, asks: Sequence[Ask]) -> Yes:
            raise NotImplementedError

    return Bad


def the_wrong_answer() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, ask: Ask) -> Yes | int:
            raise NotImplementedError

    return Bad


def no_answer() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, ask: Ask) -> None: ...

    return Bad


def an_answer_to_an_event() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, events: Sequence[Happened]) -> Sequence[Yes]:
            raise NotImplementedError

    return Bad


def a_command_without_a_reply() -> type[Actor]:
    class Bad(Actor):
        @turn
        async def handle(self, ask: Silent) -> None: ...

    return Bad


def a_call_that_nobody_records() -> type[Actor]:
    class Bad(Actor):
        @call
        async def handle(self, event: Happened) -> Note:
            raise NotImplementedError

    return Bad


def a_call_that_a_call_records() -> type[Actor]:
    class Bad(Actor):
        @call
        async def handle(self, event: Happened) -> Note:
            raise NotImplementedError

        @call
        async def note(self, note: Note) -> None: ...

    return Bad


def a_recorder_with_another_answer() -> type[Actor]:
    class Bad(Actor):
        @call
        async def handle(self, ask: Ask) -> NoteInt:
            raise NotImplementedError

        @turn
        async def note(self, note: NoteInt) -> int:
            raise NotImplementedError

    return Bad


ONE_MESSAGE = "Bad.handle must take one message, or a Sequence of one type of message, besides tx or envelope"
NO_TRANSACTION = "Bad.handle is a call and takes no transaction: let it return a command that a turn records"


@pytest.mark.parametrize(
    ("define", "sentence"),
    [
        (not_async, "Bad.handle must be `async def`"),
        (without_annotations, "Bad.handle must annotate tx, return: that is how its messages are found"),
        (without_a_message, ONE_MESSAGE),
        (with_two_messages, ONE_MESSAGE),
        (a_call_with_a_transaction, NO_TRANSACTION),
        (a_turn_with_an_envelope, "Bad.handle is a turn and takes no envelope: put what it needs into the message"),
        (a_call_of_many, "Bad.handle is a call and takes one message, not a Sequence: calls run side by side"),
        (no_message_at_all, "Bad.handle must take a Command or an Event, or a Sequence of them, not <class 'int'>"),
        (a_list, f"Bad.handle must take a Command or an Event, or a Sequence of them, not list[{__name__}.Note]"),
        (a_reply, f"Bad.handle must take a Command or an Event, or a Sequence of them, not {Yes!r}"),
        (several_commands, "Bad.handle may take several types only if all are Events; give Note its own"),
        (twice, "Bad handles Note twice, in first and second: keep one"),
        (one_answer_for_many, "Bad.handle must answer each message: its return type must be Sequence[No | Yes]"),
        (the_wrong_answer, "Bad.handle answers with Yes | int, but Ask is answered with No | Yes"),
        (no_answer, "Bad.handle answers with None, but Ask is answered with No | Yes"),
        (an_answer_to_an_event, "Bad.handle answers with Sequence, but Happened is answered with None"),
        (a_command_without_a_reply, "Silent must say what it is answered with: class Silent(Command[...])"),
        (a_call_that_nobody_records, "Bad returns Note from a call, but has no turn that records it"),
        (a_call_that_a_call_records, "Bad returns Note from a call, but has no turn that records it"),
        (a_recorder_with_another_answer, "NoteInt must be answered as Ask is, with No | Yes"),
    ],
)  # fmt: skip
def test_a_class_that_can_not_work_is_refused_with_a_sentence(define: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(TypeError) as refused:
        define()

    assert str(refused.value) == sentence
