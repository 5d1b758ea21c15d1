"""Topics and their subscribers: plain state, changed only by the subscriptions and the ticks.

The version is compared once, where a value arrives (`Ticks.change`), and not once per client: a topic's shown value
only moves forward, all its readers are at that value, and a client that joins gets it first. So a client costs its
place in a few sets. The price is one exception, `ahead`: a client that reconnects with a newer version than ours waits
beside the readers until we have caught up. Rejected: docs/decisions/0011.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TypeAlias

from bus.messages.inventory import StockLevel
from bus.messages.order import OrderProgressed
from gateway.live.messages import cart, order, stock, stock_body

NOTHING = -1  # The version of a SKU of which no value is known.


class StockTopic:
    """A watched SKU."""

    __slots__ = ("ahead", "body", "known", "readers", "sku", "version", "waiting")

    def __init__(self, sku: str) -> None:
        self.sku = sku
        self.version = NOTHING  # As shown to the readers; a newer one may be waiting for its tick.
        self.body = b""  # The shown value, encoded.
        self.known = False  # Whether `version` can be trusted, also if it is NOTHING.
        self.readers: set[Subscriber] = set()
        self.ahead: dict[Subscriber, int] = {}
        self.waiting: set[PendingSubscription] = set()  # With this topic, which lives until they are answered.

    def show(self, level: StockLevel) -> None:
        """Move on to a newer value; subscribers that are no longer ahead join the readers."""
        self.version = level.version
        self.body = stock_body(level)
        for subscriber in [one for one, version in self.ahead.items() if version < level.version]:
            del self.ahead[subscriber]
            self.readers.add(subscriber)

    def admit(self, subscriber: Subscriber, version: int) -> None:
        """Make a subscriber a reader, or put it ahead if its version is newer than the shown one."""
        if version > self.version:
            self.readers.discard(subscriber)
            self.ahead[subscriber] = version
        else:
            self.ahead.pop(subscriber, None)
            self.readers.add(subscriber)

    def dismiss(self, subscriber: Subscriber) -> None:
        """Remove a subscriber."""
        self.readers.discard(subscriber)
        self.ahead.pop(subscriber, None)

    @property
    def idle(self) -> bool:
        """Whether no subscriber or subscription needs this topic."""
        return not (self.readers or self.ahead or self.waiting)


class OrderTopic:
    """A watched order, under one token; for all `readers` the token was checked."""

    __slots__ = ("order_id", "progress", "readers", "token", "waiting")

    def __init__(self, order_id: str, token: str) -> None:
        self.order_id = order_id
        self.token = token
        self.progress: OrderProgressed | None = None
        self.readers: set[Subscriber] = set()
        self.waiting: set[Subscriber] = set()  # For the token to be checked.

    def update(self, progress: OrderProgressed) -> bool:
        """Keep an order's status; False if it is old or known."""
        if self.progress is not None and (progress.at < self.progress.at or progress == self.progress):
            return False
        self.progress = progress
        return True


class CartTopic:
    """A watched cart. Its watchers read it themselves, so nothing of it is kept."""

    __slots__ = ("cart_id", "readers")

    def __init__(self, cart_id: str) -> None:
        self.cart_id = cart_id
        self.readers: set[Subscriber] = set()


Topic: TypeAlias = StockTopic | OrderTopic | CartTopic


class PendingSubscription:
    """A subscription that waits until all its SKUs have been read. It is answered once, and in order."""

    __slots__ = ("missing", "subscriber", "versions")

    def __init__(self, subscriber: Subscriber, versions: dict[StockTopic, int]) -> None:
        self.subscriber = subscriber
        self.versions = versions  # Known to the client.
        self.missing = {topic for topic in versions if not topic.known}


class Subscriber(ABC):
    """A receiver of changes: a websocket, or a stream of server-sent events.

    Sets that rarely change are replaced and not changed, so that the many empty ones are one and the same object.
    """

    __slots__ = ("carts", "dirty", "orders", "pending", "topics", "write")

    def __init__(self) -> None:
        self.topics: frozenset[StockTopic] = frozenset()
        self.orders: frozenset[OrderTopic] = frozenset()
        self.carts: frozenset[CartTopic] = frozenset()
        self.pending: tuple[PendingSubscription, ...] = ()
        # None: write to this subscriber. A set: the subscriber is slow, and gets these topics when it reads again.
        self.dirty: set[Topic] | None = None
        self.write: Callable[[bytes], object]  # Of its transport, kept to save a lookup per delivery.

    @abstractmethod
    def send(self, payload: bytes) -> None:
        """Send a message now, whether the subscriber is slow or not."""

    def conflate(self, topics: Iterable[Topic]) -> None:
        """Note topics to send later; only for a slow subscriber."""
        assert self.dirty is not None
        self.dirty.update(topics)


def newest(topics: Iterable[Topic]) -> list[bytes]:
    """Encode the present state of topics as messages."""
    bodies = [topic.body for topic in topics if isinstance(topic, StockTopic)]
    orders = [topic for topic in topics if isinstance(topic, OrderTopic)]
    statuses = [order(topic.progress) for topic in orders if topic.progress is not None]
    carts = [cart(topic.cart_id) for topic in topics if isinstance(topic, CartTopic)]
    return [*([stock(bodies)] if bodies else []), *statuses, *carts]
