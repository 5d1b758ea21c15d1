"""A recorder of published events: an actor beside the shop's own that handles every event."""

import functools
import operator
from collections.abc import Iterable
from typing import TypeVar

from engine.actor import Actor, call
from engine.envelope import Envelope
from engine.message import Event

E = TypeVar("E", bound=Event)


class EventRecorder:
    """Records events by the id of their message, so that a redelivered one counts once."""

    def __init__(self) -> None:
        self._heard: dict[str, Event] = {}

    def heard(self, kind: type[E]) -> list[E]:
        """The events of this kind, in the order they were first handled."""
        return [event for event in self._heard.values() if isinstance(event, kind)]

    def actor(self, others: Iterable[Actor]) -> Actor:
        """Make the actor that records all events of the shop, and those that the others handle."""
        heard = self._heard
        kinds = set(_events_of_the_shop())
        for other in others:
            kinds.update(
                kind for handler in other.handlers for kind in handler.message_types if issubclass(kind, Event)
            )

        async def hear(self: Actor, event: Event, envelope: Envelope) -> None:
            del self
            heard[envelope.id] = event

        every_kind = functools.reduce(operator.or_, sorted(kinds, key=lambda kind: kind.__name__))
        hear.__annotations__ = {"event": every_kind, "envelope": Envelope, "return": None}
        made = type("EventRecorder", (Actor,), {"hear": call(limit=1)(hear)})()
        assert isinstance(made, Actor)
        return made


def _events_of_the_shop() -> Iterable[type[Event]]:
    return (kind for kind in Event.__subclasses__() if kind.__module__.startswith("bus.messages."))
