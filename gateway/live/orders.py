"""The watchers of orders, and the checks of their tokens.

A status goes only to watchers whose token was checked. A token is checked again every 10 s, when pub/sub may have lost
a message, and when rights change: the same call returns the status, so it also makes up for a lost message. The price
is a read per watched order every 10 s; people watch their own order, and not for long.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bus.messages.order import OrderProgressed
from gateway.live.messages import LiveRefusal, error
from gateway.live.metrics import READ_FAILURES
from gateway.live.settings import LiveSettings
from gateway.live.topics import OrderTopic, Subscriber, newest

ReadOrder = Callable[[str, str], Awaitable[OrderProgressed | None]]

DENIED = LiveRefusal("unknown_order", "There is no such order for this token.")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class OrderSubscriptions:
    """The watched orders, and the subscriptions to them."""

    def __init__(self, read_order: ReadOrder, settings: LiveSettings) -> None:
        self._read_order = read_order
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._topics: dict[str, dict[str, OrderTopic]] = {}  # By order, then by token.
        self._due: dict[OrderTopic, None] = {}
        self._work = asyncio.Event()
        self._recheck_at = self._loop.time() + settings.reread_every_s

    def watch(self, subscriber: Subscriber, order_id: str, token: str) -> None:
        """Send a subscriber the order's status and its changes, once the token is found to fit.

        Raises:
            LiveRefusal: The subscriber watches too many orders.
        """
        topic = self._topics.get(order_id, {}).get(token) or OrderTopic(order_id, token)
        if len(subscriber.orders | {topic}) > self._settings.max_orders:
            raise LiveRefusal("too_many_orders", f"A client may watch {self._settings.max_orders} orders.")
        self._topics.setdefault(order_id, {})[token] = topic
        subscriber.orders |= {topic}
        topic.waiting.add(subscriber)
        self._check_soon(topic)

    def leave(self, subscriber: Subscriber) -> None:
        """End all of a subscriber's watching."""
        for topic in subscriber.orders:
            topic.readers.discard(subscriber)
            topic.waiting.discard(subscriber)
            if not topic.readers and not topic.waiting:
                self._drop(topic)
        subscriber.orders = frozenset()

    def changed(self, progress: OrderProgressed) -> None:
        """Send progress to the order's checked watchers."""
        for topic in self._topics.get(progress.order_id, {}).values():
            self._update(topic, progress)

    def rights_changed(self, order_id: str) -> None:
        """Check the tokens of an order's watchers again."""
        for topic in self._topics.get(order_id, {}).values():
            self._check_soon(topic)

    def stale(self) -> None:
        """Check and read all watched orders again."""
        self._recheck()

    async def keep_checking(self) -> None:
        """Check and read orders as they become due, for ever."""
        while True:
            if self._loop.time() >= self._recheck_at:
                self._recheck()
            topics = list(self._due)[: self._settings.order_reads]
            if topics:
                await self._check_all(topics)
            else:
                await self._wait_for_work()

    async def _check_all(self, topics: list[OrderTopic]) -> None:
        for topic in topics:
            del self._due[topic]
        async with asyncio.TaskGroup() as tasks:
            checks = [tasks.create_task(self._check(topic)) for topic in topics]
        if not all(check.result() for check in checks):
            await asyncio.sleep(self._settings.retry_s)

    async def _check(self, topic: OrderTopic) -> bool:
        """Check a token and read its order; False if there was no answer."""
        waiting = set(topic.waiting)
        try:
            async with asyncio.timeout(self._settings.read_within_s):
                progress = await self._read_order(topic.order_id, topic.token)
        except Exception:  # Whatever the error: the watchers still wait for an answer.
            READ_FAILURES.labels("order").inc()
            log.warning("live.order_read_failed", order_id=topic.order_id, exc_info=True)
            self._check_soon(topic)
            return False
        if progress is None:
            self._deny(topic)
        else:
            self._admit(topic, waiting, progress)
        return True

    def _admit(self, topic: OrderTopic, waiting: set[Subscriber], progress: OrderProgressed) -> None:
        self._update(topic, progress)
        joining = waiting & topic.waiting  # Without those who left; later ones wait for the next read.
        topic.waiting -= joining
        topic.readers |= joining
        for subscriber in joining:
            send_status(subscriber, topic)

    def _update(self, topic: OrderTopic, progress: OrderProgressed) -> None:
        if topic.update(progress):
            for subscriber in list(topic.readers):
                send_status(subscriber, topic)

    def _deny(self, topic: OrderTopic) -> None:
        self._drop(topic)
        for subscriber in topic.readers | topic.waiting:
            subscriber.orders -= {topic}
            if subscriber.dirty:
                subscriber.dirty.discard(topic)
            subscriber.send(error(DENIED))

    def _drop(self, topic: OrderTopic) -> None:
        self._due.pop(topic, None)
        by_token = self._topics.get(topic.order_id, {})
        if by_token.get(topic.token) is topic:  # And not a later topic for the same token.
            del by_token[topic.token]
            if not by_token:
                del self._topics[topic.order_id]

    def _check_soon(self, topic: OrderTopic) -> None:
        if self._topics.get(topic.order_id, {}).get(topic.token) is topic:
            self._due[topic] = None
            self._work.set()

    def _recheck(self) -> None:
        self._recheck_at = self._loop.time() + self._settings.reread_every_s
        for by_token in self._topics.values():
            self._due |= dict.fromkeys(by_token.values())
        self._work.set()

    async def _wait_for_work(self) -> None:
        self._work.clear()
        try:
            async with asyncio.timeout_at(self._recheck_at):
                await self._work.wait()
        except TimeoutError:
            return


def send_status(subscriber: Subscriber, topic: OrderTopic) -> None:
    """Send the order's status now, or note it until the subscriber reads again."""
    if subscriber.dirty is None:
        for message in newest([topic]):
            subscriber.send(message)
    else:
        subscriber.conflate([topic])
