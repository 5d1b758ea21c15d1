"""The arrows of the shop: which actor publishes which event, and who listens."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bus.messages.audit import BooksRepaired
from bus.routes import Routes
from engine.message import Event

# An event is published by the domain in whose file it stands, but for these. A test compares this with the code.
_BY_OTHERS: Final[Mapping[type[Event], Sequence[str]]] = {
    BooksRepaired: ("catalog", "inventory", "order", "payment", "media"),
}


class Arrow(NamedTuple):
    """An event that one actor publishes and another handles."""

    publisher: str
    event: str
    subscriber: str


def actors_of(routes: Routes) -> Sequence[str]:
    """Return the names of all actors of these routes."""
    return sorted({name for kind in routes.message_types() for name in routes.subscribers(kind)})


def arrows_of(routes: Routes) -> Sequence[Arrow]:
    """Return the arrows between all actors of these routes, by publisher, event and subscriber."""
    events = [kind for kind in routes.message_types() if issubclass(kind, Event)]
    return sorted(
        Arrow(publisher, kind.__name__, subscriber)
        for kind in events
        for publisher in publishers_of(kind)
        for subscriber in routes.subscribers(kind)
    )


def publishers_of(kind: type[Event]) -> Sequence[str]:
    """Return the domains that publish an event."""
    return _BY_OTHERS.get(kind, (kind.__module__.rpartition(".")[2],))
