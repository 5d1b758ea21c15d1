"""Inline turns: a listener's turn is taken inside the transaction of its publisher, before the commit.

An event that is stored for a listener costs a row that is written, claimed and deleted, and a second transaction. In a
shop with few buyers at a time, listeners are nearly always free. So where a listener's turn can be taken in this
process at this moment, it is taken here: the effect commits with the event that led to it, and nothing lies between
them that a crash could hit. In every other case the event gets its row, as ever.

Order per key holds over both ways: nothing is taken inline that would overtake a message of its key in the mailbox, in
the table, or among those that this very transaction stores. In each process an actor is in one turn at a time, its own
or an inline one. Nobody waits for an actor to be free, so publishers that would take each other along can't wait in a
circle. Rows of tables are locked longer than without: until the publisher commits. Where two processes so wait for each
other, PostgreSQL ends one of the two transactions, and its turn is taken again.

A listener that fails does not fail its publisher: the turn is taken again, and all its events are stored. The listener
is left out for some seconds, so that it fails in turns of its own. So is one that is slow.

Rejected: docs/decisions/0028.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol, Self

from engine import telemetry
from engine.crash import CrashPoint
from engine.deliveries import Addressed, DeliveryStore
from engine.handler import Handler
from engine.message import Event, Message
from engine.transaction import Transaction

_ROUNDS = 5  # How far a chain goes of events that lead to events; the rest of it is stored.
_MOST = 128  # Messages of one transaction. A turn that publishes more shares its rows and commits among many already.

_TAKEN = CrashPoint("before-inline", "A publisher's events are decided; a listener handles them in its transaction.")


class Listener(Protocol):
    """A hosted actor, as its publishers see it."""

    @property
    def name(self) -> str:
        """The actor's name."""
        ...

    def hindrance(self, message: Message, *, is_lent: bool) -> str:
        """Return why it can't handle this message inline now, in a word; "" if it can.

        Args:
            message: An event that it handles.
            is_lent: Whether the asker has borrowed it already.
        """
        ...

    def handler_of(self, message: Message) -> Handler:
        """Return the handler of a message that nothing hinders."""
        ...

    def lend(self) -> None:
        """Take no turn until `take_back`."""
        ...

    def take_back(self) -> None:
        """Take turns again."""
        ...

    def leave_out(self, error: BaseException) -> None:
        """Refuse inline turns for a while: one has failed, or took too long."""
        ...

    async def handle_inline(self, tx: Transaction, handler: Handler, messages: Sequence[Message]) -> None:
        """Handle messages in a transaction that somebody else commits."""
        ...


class ListenerFailed(Exception):
    """A listener failed in its publisher's transaction, or took too long: it must roll back, and store its events."""


@dataclass(slots=True, eq=False)
class _Group:
    """Messages that one handler takes together."""

    listener: Listener
    handler: Handler
    places: list[int] = field(default_factory=list)  # In `published`.
    keys: set[str] = field(default_factory=set)


class InlineTurns:
    """The inline turns of one transaction. The block's end returns the actors that were lent to it."""

    def __init__(self, listeners: Mapping[str, Listener], deliveries: DeliveryStore, within_s: float) -> None:
        """Begin with none.

        Args:
            listeners: The actors of this process that take turns now, by name.
            deliveries: For what is not handled inline.
            within_s: How long all of them may take, because the publisher's asker waits for them; 0 for none at all.
        """
        self.places: list[str] = []  # The handlers that took part, as crash points name them.
        self._listeners = listeners
        self._deliveries = deliveries
        self._within_s = within_s
        self._lent: dict[str, Listener] = {}
        self.published: list[Addressed] = []  # All of the transaction.
        self._handled: set[int] = set()  # Places in `published`.
        self._stored: set[tuple[str, str]] = set()  # Subscribers and keys with a row to come: nothing may overtake it.
        self._until_s = 0.0  # On the event loop's clock.
        self._took_s: defaultdict[str, float] = defaultdict(float)  # Seconds, of each listener.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._lent.values():
            listener.take_back()

    @property
    def handled(self) -> Sequence[Addressed]:
        """The messages that listeners have handled in the transaction."""
        return [self.published[place] for place in self._handled]

    async def take(self, tx: Transaction) -> Sequence[Addressed]:
        """Let listeners handle what was published, and what they publish themselves; return what is to be stored.

        Raises:
            ListenerFailed: The transaction must roll back.
        """
        if not self._within_s or not self._deliveries.is_open:
            self.published += self._deliveries.address(tx.take_outgoing())
            return self.published
        self._until_s = asyncio.get_running_loop().time() + self._within_s
        for _ in range(_ROUNDS):
            first = len(self.published)
            self.published += self._deliveries.address(tx.take_outgoing())
            if len(self.published) > _MOST:
                break
            for group in await self._groups(tx, range(first, len(self.published))):
                await self._handle(tx, group)
            if not tx.outgoing:
                break
        self.published += self._deliveries.address(tx.take_outgoing())
        return [item for place, item in enumerate(self.published) if place not in self._handled]

    async def _groups(self, tx: Transaction, places: Sequence[int]) -> Sequence[_Group]:
        """Choose what is handled inline, and put together what a handler can take at once."""
        free = [place for place in places if self._is_free(self.published[place])]
        lanes = {item.lane for place in free if (item := self.published[place]).key}
        behind = await self._deliveries.find_waiting(tx, list(lanes)) if lanes else ()
        groups: list[_Group] = []
        for place in free:
            item = self.published[place]
            if item.lane in behind:
                self._leave(item, "row")
            else:
                self._add(groups, place)
        return groups

    def _is_free(self, item: Addressed) -> bool:
        """Whether its listener can take it, which is lent from now on."""
        if item.entry.due is not None:
            return False
        listener = self._listeners.get(item.subscriber)
        if listener is None or not isinstance(item.entry.message, Event):
            self._leave(item, "")
            return False
        if hindrance := self._hindrance(listener, item):
            self._leave(item, hindrance)
            return False
        if item.subscriber not in self._lent:
            self._lent[item.subscriber] = listener
            listener.lend()
        return True

    def _hindrance(self, listener: Listener, item: Addressed) -> str:
        if item.key and item.lane in self._stored:
            return "order"
        if asyncio.get_running_loop().time() >= self._until_s:
            return "late"
        return listener.hindrance(item.entry.message, is_lent=item.subscriber in self._lent)

    def _leave(self, item: Addressed, why: str) -> None:
        """Leave a message to be stored: nothing of its key may overtake it later in this transaction."""
        self._stored.add(item.lane)
        if why:
            telemetry.note_inline(item.subscriber, why)

    def _add(self, groups: list[_Group], place: int) -> None:
        """Add a message to the first group of its handler that comes after all others of its key, or to a new one."""
        item = self.published[place]
        listener = self._listeners[item.subscriber]
        handler = listener.handler_of(item.entry.message)
        fit: _Group | None = None
        for group in groups:
            if group.handler is handler:
                fit = fit or group
            elif group.listener is listener and item.key in group.keys:
                fit = None
        if fit is None:
            fit = _Group(listener, handler)
            groups.append(fit)
        fit.places.append(place)
        if item.key:
            fit.keys.add(item.key)

    async def _handle(self, tx: Transaction, group: _Group) -> None:
        """Handle a group as a turn of its listener would, with what it publishes led back to its message.

        Raises:
            ListenerFailed: As it says.
        """
        items = [self.published[place] for place in group.places]
        name, place = group.listener.name, f"{group.listener.name}.{group.handler.name}"
        _TAKEN.reach(place)
        cause, trace, publisher = tx.causation_id, tx.trace, tx.publisher
        tx.causation_id, tx.trace = (items[0].message_id, items[0].entry.trace) if len(items) == 1 else ("", "")
        tx.publisher = name
        begun_s = perf_counter()
        try:
            async with asyncio.timeout_at(self._until_s):
                await group.listener.handle_inline(tx, group.handler, [item.entry.message for item in items])
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            self._took_s[name] += perf_counter() - begun_s
            self._blame(name, error)
            raise ListenerFailed(name) from error
        took_s = perf_counter() - begun_s
        self._took_s[name] += took_s
        tx.causation_id, tx.trace, tx.publisher = cause, trace, publisher
        self._handled.update(group.places)
        self.places.append(place)
        telemetry.note_inline(name, "handled", len(items))
        telemetry.note_turn(name, group.handler.name, "inline", messages=len(items), waited_s=0.0, took_s=took_s)

    def _blame(self, name: str, error: BaseException) -> None:
        """Leave out the listener that failed; where the time was over, the one that took most of it."""
        if isinstance(error, TimeoutError):
            name = max(self._took_s, key=lambda each: self._took_s[each])
        telemetry.note_inline(name, "failed")
        self._lent[name].leave_out(error)


def _is_cancelled() -> bool:
    """Whether this task is being cancelled from outside; otherwise a handler has raised it by itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
