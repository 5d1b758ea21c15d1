"""Actors: a class that owns its tables and is spoken to only by messages.

Its methods are its inbox. `@turn` marks one that is called once for all messages of its type that wait, inside ONE
transaction that commits before anybody is answered; `@call` marks one that leaves the database (Stripe, SMTP, a
carrier) or asks several actors, many at once, outside any transaction. Which messages a method handles is read from
its annotations when the class is made, and a method that can't work fails there.

    class Inventory(Actor):
        @turn
        async def hold(self, tx: Transaction, asks: Sequence[HoldStock]) -> Sequence[StockHeld | StockRefused]: ...

        @turn  # One at a time, in the same transaction as its neighbours.
        async def count(self, tx: Transaction, ask: SetOnHand) -> StockLevel: ...

        @call(limit=16, timeout_s=30)
        async def ship(self, event: OrderFulfilled) -> RecordBooking: ...
"""

import inspect
import types
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar, Union, cast, get_args, get_origin, get_type_hints, overload

from engine.mailbox import Envelope
from engine.message import Command, Event, Message, Query, reply_type
from engine.postgres import Transaction

F = TypeVar("F", bound=Callable[..., Awaitable[object]])
R = TypeVar("R")

_MARK = "_engine_handler"


class Bus(Protocol):
    """How an actor speaks to others. Turns ask nobody: they publish through their transaction."""

    async def ask(self, command: Command[R], *, timeout_s: float | None = None) -> R:
        """Send a command and wait for its answer.

        Args:
            command: Goes to the one actor that handles it.
            timeout_s: How long to wait; the engine's default if not given.

        Raises:
            Overloaded: The actor's mailbox is full, nothing was accepted.
            Unanswered: The deadline passed. What was asked may still have happened: ask again, commands are safe
                to repeat.
            ShopFlowError: As the handler raised it.
        """
        ...

    def tell(self, command: Command[Any]) -> None:
        """Send a command and do not wait. It is kept in memory only: for what must not be lost, publish or schedule.

        Raises:
            Overloaded: The actor's mailbox is full.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Handler:
    """One method of an actor class, and what its annotations say."""

    name: str
    function: Callable[..., Awaitable[Any]]  # Any: its arguments and answer are checked when the class is made.
    message_types: tuple[type[Message], ...]
    is_call: bool
    is_query: bool  # Its messages change nothing.
    takes_many: bool
    takes_tx: bool
    takes_envelope: bool
    limit: int  # Calls at once.
    timeout_s: float  # For one call.
    tries: int  # Of a call that somebody waits for, while what it needs is away.


@dataclass(frozen=True, slots=True)
class _Mark:
    is_call: bool
    limit: int = 1
    timeout_s: float = 0.0
    tries: int = 1


class Actor:
    """The base of all actors. Subclasses take what they need in `__init__`; the engine calls their handlers."""

    name: ClassVar[str]
    is_local: ClassVar[bool] = False  # Whether each process that asks it hosts one of its own.
    handlers: ClassVar[tuple[Handler, ...]] = ()

    def __init_subclass__(cls, name: str = "", *, is_local: bool = False) -> None:
        """Read the handlers, or say in a sentence what doesn't fit.

        Raises:
            TypeError: A handler's annotations don't fit its messages.
        """
        cls.name = name or cls.__name__.lower()
        cls.is_local = is_local
        marked = [method for _, method in inspect.getmembers(cls, inspect.isfunction) if hasattr(method, _MARK)]
        cls.handlers = tuple(_read(cls, method) for method in marked)
        _check_no_type_twice(cls)
        for handler in cls.handlers:
            _check_answer(cls, handler)

    async def start(self) -> None:
        """Called before the first message, and again after a crash."""

    async def run(self) -> None:
        """A background companion, if the actor needs one. Returning is fine; raising is a crash."""


def turn(method: F) -> F:
    """Mark a method that is called once for all messages of its type that wait, in one transaction.

    Queries need none: each statement sees what is committed by then, which is what it would see in one, too.

    It takes `tx: Transaction` (or leaves it out, if it touches no database) and `Sequence[M]`, and answers with as
    many answers in the same order; or a single `M`, and answers it.
    """
    setattr(method, _MARK, _Mark(is_call=False))
    return method


@overload
def call(method: F, /) -> F: ...
@overload
def call(*, limit: int = 16, timeout_s: float = 30.0, tries: int = 1) -> Callable[[F], F]: ...
def call(
    method: F | None = None, /, *, limit: int = 16, timeout_s: float = 30.0, tries: int = 1
) -> F | Callable[[F], F]:
    """Mark a method that leaves the database: many at once, outside any transaction, in order per key.

    It takes one message (and `envelope: Envelope`, if it wants its id), and gives the answer, or a command of the same
    actor whose turn records what was learned and gives the answer.

    Args:
        method: What is marked.
        limit: How many may be under way at once.
        timeout_s: How long one may take; then it is cancelled and counts as failed.
        tries: How often one that was asked for is tried while what it needs is away, as long as its asker waits. More
            than 1 is for who speaks to the outside: who asks others leaves the trying to them. (What is stored is
            tried as often as the settings say.)
    """

    def mark(method: F) -> F:
        setattr(method, _MARK, _Mark(is_call=True, limit=limit, timeout_s=timeout_s, tries=tries))
        return method

    return mark(method) if method is not None else mark


def _read(cls: type[Actor], method: Callable[..., Awaitable[Any]]) -> Handler:
    where = f"{cls.__name__}.{method.__name__}"
    if not inspect.iscoroutinefunction(method):
        raise TypeError(f"{where} must be `async def`")
    hints = get_type_hints(method)
    parameters = [name for name in inspect.signature(method).parameters if name != "self"]
    missing = [name for name in [*parameters, "return"] if name not in hints]
    if missing:
        raise TypeError(f"{where} must annotate {', '.join(missing)}: that is how its messages are found")
    mark: _Mark = getattr(method, _MARK)
    takes_tx = any(hints[name] is Transaction for name in parameters)
    takes_envelope = any(hints[name] is Envelope for name in parameters)
    rest = [name for name in parameters if hints[name] not in (Transaction, Envelope)]
    if len(rest) != 1:
        raise TypeError(f"{where} must take one message, or a Sequence of one type of message, besides tx or envelope")
    if mark.is_call and takes_tx:
        raise TypeError(f"{where} is a call and takes no transaction: let it return a command that a turn records")
    if takes_envelope and not mark.is_call:
        raise TypeError(f"{where} is a turn and takes no envelope: put what it needs into the message")
    takes_many = get_origin(hints[rest[0]]) is Sequence
    if mark.is_call and takes_many:
        raise TypeError(f"{where} is a call and takes one message, not a Sequence: calls run side by side")
    message_types = tuple(_message_types(where, get_args(hints[rest[0]])[0] if takes_many else hints[rest[0]]))
    return Handler(
        name=method.__name__,
        function=method,
        message_types=message_types,
        is_call=mark.is_call,
        is_query=all(issubclass(message_type, Query) for message_type in message_types),
        takes_many=takes_many,
        takes_tx=takes_tx,
        takes_envelope=takes_envelope,
        limit=mark.limit,
        timeout_s=mark.timeout_s,
        tries=mark.tries,
    )


def _message_types(where: str, hint: object) -> Iterator[type[Message]]:
    arms = _arms(hint)
    for arm in arms:
        if not (isinstance(arm, type) and issubclass(arm, Command | Event)):
            raise TypeError(f"{where} must take a Command or an Event, or a Sequence of them, not {hint}")
        if len(arms) > 1 and not issubclass(arm, Event):
            raise TypeError(f"{where} may take several types only if all are Events; give {arm.__name__} its own")
        yield arm


def _check_no_type_twice(cls: type[Actor]) -> None:
    seen: dict[type[Message], str] = {}
    for handler in cls.handlers:
        for message_type in handler.message_types:
            if message_type in seen:
                both = f"{seen[message_type]} and {handler.name}"
                raise TypeError(f"{cls.__name__} handles {message_type.__name__} twice, in {both}: keep one")
            seen[message_type] = handler.name


def _check_answer(cls: type[Actor], handler: Handler) -> None:
    where = f"{cls.__name__}.{handler.name}"
    message_type = handler.message_types[0]
    wanted = frozenset(_arms(reply_type(message_type))) if issubclass(message_type, Command) else frozenset({_NONE})
    given = get_type_hints(handler.function)["return"]
    if handler.takes_many and wanted != {_NONE}:
        if get_origin(given) is not Sequence:
            raise TypeError(f"{where} must answer each message: its return type must be Sequence[{_say(wanted)}]")
        given = get_args(given)[0]
    arms = frozenset(_arms(given))
    if handler.is_call:
        arms = frozenset(arm for arm in arms if not _is_recorded_by(cls, arm, wanted, message_type))
    if arms - wanted:
        raise TypeError(
            f"{where} answers with {_say(arms)}, but {message_type.__name__} is answered with {_say(wanted)}"
        )


def _is_recorded_by(cls: type[Actor], arm: object, wanted: frozenset[object], asked: type[Message]) -> bool:
    """Whether a call may return this instead of an answer: a command of the same actor, which a turn answers."""
    if not (isinstance(arm, type) and issubclass(arm, Command)):
        return False
    recorders = [handler for handler in cls.handlers if arm in handler.message_types and not handler.is_call]
    if not recorders:
        raise TypeError(f"{cls.__name__} returns {arm.__name__} from a call, but has no turn that records it")
    if issubclass(asked, Command) and not frozenset(_arms(reply_type(arm))) <= wanted:
        raise TypeError(f"{arm.__name__} must be answered as {asked.__name__} is, with {_say(wanted)}")
    return True


_NONE = type(None)


def _arms(hint: object) -> tuple[object, ...]:
    if get_origin(hint) in (types.UnionType, Union):
        return get_args(hint)
    return (_NONE if hint is None else hint,)


def _say(arms: frozenset[object]) -> str:
    return " | ".join(sorted("None" if arm is _NONE else cast("type", arm).__name__ for arm in arms)) or "nothing"
