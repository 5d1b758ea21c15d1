"""An actor: a class that owns its tables and is reached only by messages.

Its methods are its inbox. `@turn` marks a method that is called once for all waiting messages of its type, inside ONE
transaction that commits before any of them is answered. `@call` marks a method that leaves the database (Stripe, SMTP,
a carrier) or asks several actors: many run at once, outside any transaction. A method's annotations tell which messages
it handles; they are read when the class is made, and a method that can't work fails there.

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

from engine.envelope import Envelope
from engine.handler import Handler
from engine.message import Command, Event, Message, Query, reply_type
from engine.transaction import Transaction

F = TypeVar("F", bound=Callable[..., Awaitable[object]])
R = TypeVar("R")

_MARK = "_engine_handler"


class Asks(Protocol):
    """Anything that takes commands: a bus, or a shop under test."""

    async def ask(self, command: Command[R], *, timeout_s: float | None = None) -> R:
        """Send a command and wait for its answer.

        Args:
            command: Goes to the one actor that handles it.
            timeout_s: How long to wait; the engine's default if not given.

        Raises:
            Overloaded: The actor's mailbox is full, nothing was accepted.
            DeadlineExceeded: No answer in time. The command may have taken effect all the same: ask again, commands
                are safe to repeat.
            ShopFlowError: As the handler raised it.
        """
        ...


class Bus(Asks, Protocol):
    """The way from an actor to others. For calls only: a turn publishes through its transaction and never asks."""

    def tell(self, command: Command[Any]) -> None:
        """Send a command and do not wait. It is kept in memory only: publish or schedule one that must not be lost.

        Raises:
            Overloaded: The actor's mailbox is full.
        """
        ...


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
        """Read the handlers from their annotations.

        Raises:
            TypeError: A handler's annotations don't fit its messages. Its text is a sentence that says what to change.
        """
        cls.name = name or cls.__name__.lower()
        cls.is_local = is_local
        marked = [method for _, method in inspect.getmembers(cls, inspect.isfunction) if hasattr(method, _MARK)]
        cls.handlers = tuple(_read(cls, method) for method in marked)
        _check_no_type_twice(cls)
        for handler in cls.handlers:
            _check_answer(cls, handler)

    async def start(self) -> None:
        """Prepare for the first message. Called again after a crash."""

    async def run(self) -> None:
        """Run in the background, if the actor needs that. Returning is fine; raising is a crash."""


def turn(method: F) -> F:
    """Mark a method that is called once for all waiting messages of its type, in one transaction.

    A query's `tx` is none: it reads, each statement by itself, and sees all that has committed, as it would inside one.

    The method takes `tx: Transaction` (or leaves it out, if it touches no database) and `Sequence[M]`, and returns as
    many answers in the same order; or it takes a single `M`, and returns its answer.
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

    The method takes one message (and `envelope: Envelope`, if it needs the message's id). It returns the answer, or a
    command of the same actor, whose turn records the result and returns the answer.

    Args:
        method: The method.
        limit: How many calls may run at once.
        timeout_s: How long a call may take; then it is cancelled and counts as failed.
        tries: How often an ask is tried while a service is away, as long as its asker waits. Use more than 1 only for
            calls to external services; a call that asks other actors relies on their retries. (For stored messages the
            settings decide.)
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
            raise TypeError(f"{where} must answer each message: its return type must be Sequence[{_format(wanted)}]")
        given = get_args(given)[0]
    arms = frozenset(_arms(given))
    if handler.is_call:
        arms = frozenset(arm for arm in arms if not _is_recorded_by(cls, arm, wanted, message_type))
    if arms - wanted:
        raise TypeError(
            f"{where} answers with {_format(arms)}, but {message_type.__name__} is answered with {_format(wanted)}"
        )


def _is_recorded_by(cls: type[Actor], arm: object, wanted: frozenset[object], asked: type[Message]) -> bool:
    """Return whether a call may return this instead of an answer: a command of the same actor, which a turn answers."""
    if not (isinstance(arm, type) and issubclass(arm, Command)):
        return False
    recorders = [handler for handler in cls.handlers if arm in handler.message_types and not handler.is_call]
    if not recorders:
        raise TypeError(f"{cls.__name__} returns {arm.__name__} from a call, but has no turn that records it")
    if issubclass(asked, Command) and not frozenset(_arms(reply_type(arm))) <= wanted:
        raise TypeError(f"{arm.__name__} must be answered as {asked.__name__} is, with {_format(wanted)}")
    return True


_NONE = type(None)


def _arms(hint: object) -> tuple[object, ...]:
    if get_origin(hint) in (types.UnionType, Union):
        return get_args(hint)
    return (_NONE if hint is None else hint,)


def _format(arms: frozenset[object]) -> str:
    return " | ".join(sorted("None" if arm is _NONE else cast("type", arm).__name__ for arm in arms)) or "nothing"
