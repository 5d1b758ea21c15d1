"""The watchers of SKUs, and the reading of levels.

A subscription is answered without a gap: its topics exist, and so receive changes, before their values are read; a
subscriber gets its answer and joins the readers in one step, when every topic has a value or is known to have none.
A SKU that is watched already is answered from memory, so ten thousand clients that reconnect at once do not become
ten thousand reads; a value that several wait for is read once.

A SKU without a level that the shop does not sell is not watched: its subscribers are answered, and its topic is gone.

A bundle has no level of its own. When that of a part changes it is read again, as one that a subscription waits for.

Reads go one at a time in pages, first the SKUs that subscriptions wait for, then all watched ones: every 10 s and
whenever pub/sub may have lost a message. So a value in memory can be wrong for 10 s, for new and old watchers alike.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice

import msgspec
import structlog

from bus.messages.inventory import StockLevel
from gateway.bundles import LiveLevel
from gateway.live.bundle_topics import BundleTopics
from gateway.live.messages import LiveRefusal, subscribed
from gateway.live.metrics import READ_FAILURES, SUBSCRIPTIONS
from gateway.live.settings import LiveSettings
from gateway.live.ticks import Ticks
from gateway.live.topics import NOTHING, PendingSubscription, StockTopic, Subscriber

_BODY = msgspec.json.Decoder(StockLevel)
ReadLevels = Callable[[Sequence[str]], Awaitable[Sequence[LiveLevel]]]
ReadSold = Callable[[Sequence[str]], Awaitable[Collection[str]]]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class StockSubscriptions:
    """The watched SKUs, and the subscriptions to them."""

    def __init__(
        self,
        read_levels: ReadLevels,
        settings: LiveSettings,
        clock: Callable[[], datetime] | None = None,
        read_sold: ReadSold | None = None,
    ) -> None:
        self._read_levels = read_levels
        self._read_sold = read_sold
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._ticks = Ticks(settings, clock, self._mark_known)
        self._topics: dict[str, StockTopic] = {}
        self._bundles = BundleTopics()
        # SKUs to read, in order; dicts because they keep the order and hold each SKU once.
        self._urgent: dict[str, None] = {}
        self._due: dict[str, None] = {}
        self._page_size = settings.read_page  # Smaller while reads fail.
        self._work = asyncio.Event()
        self._reread_at = self._loop.time() + settings.reread_every_s

    def __len__(self) -> int:
        return len(self._topics)

    def subscribe(self, subscriber: Subscriber, skus: Sequence[str], versions: dict[str, int]) -> None:
        """Answer with the values that are newer than the subscriber's versions, then send every change.

        Raises:
            LiveRefusal: The subscriber, or all together, watch too many SKUs. Nothing has changed then.
        """
        self._check_bounds(subscriber, skus)
        subscription = PendingSubscription(subscriber, {self._topic(sku): versions.get(sku, NOTHING) for sku in skus})
        for topic in subscription.versions:
            topic.waiting.add(subscription)
        for topic in subscription.missing:
            self._read_soon(topic.sku)
        subscriber.pending += (subscription,)
        self._answer(subscriber)

    def unsubscribe(self, subscriber: Subscriber, skus: Iterable[str]) -> None:
        """End the subscription to SKUs, also where the first answer is still to come."""
        self._ticks.settle(subscriber)
        topics = {self._topics[sku] for sku in skus if sku in self._topics}
        self._detach(subscriber, topics)
        for subscription in subscriber.pending:
            for topic in topics & subscription.versions.keys():
                self._withdraw(subscription, topic)
        self._answer(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        """End all subscriptions of a subscriber."""
        self._ticks.forget(subscriber)
        self._detach(subscriber, subscriber.topics)
        for subscription in subscriber.pending:
            for topic in list(subscription.versions):
                self._withdraw(subscription, topic)
        subscriber.pending = ()

    def changed(self, levels: Iterable[StockLevel], committed_at: datetime | None = None) -> None:
        """Send levels to their watchers, if they are newer than the levels sent before."""
        for level in levels:
            topic = self._topics.get(level.sku)
            if topic is not None:
                self._update(topic, level, committed_at)
            for bundle in self._bundles.of(level.sku):
                self._read_soon(bundle)

    def sent_levels(self) -> dict[str, StockLevel]:
        """Return the levels last sent to watchers, except unsure ones; version -1 means that there is none."""
        return {
            topic.sku: _BODY.decode(topic.body) if topic.body else StockLevel(sku=topic.sku, available=0, version=-1)
            for topic in self._topics.values()
            if topic.known and topic.readers
        }

    def stale(self) -> None:
        """Read everything again, and until then answer no subscription from memory."""
        for topic in self._topics.values():
            topic.known = False
        self._reread()

    async def keep_reading(self) -> None:
        """Read the SKUs that are due, page by page, for ever."""
        while True:
            page = await self._next_page()
            try:
                async with asyncio.timeout(self._settings.read_within_s):
                    levels = await self._read_levels([topic.sku for topic in page])
                    unsold = await self._find_unsold(page, levels)
            except Exception:  # Whatever the error: the clients still wait for an answer.
                READ_FAILURES.labels("stock").inc()
                log.warning("live.read_failed", skus=len(page), exc_info=True)
                await self._retry([topic.sku for topic in page])
            else:
                self._page_size = min(2 * self._page_size, self._settings.read_page)
                self._accept(page, levels, unsold)

    async def _find_unsold(self, page: Sequence[StockTopic], levels: Iterable[LiveLevel]) -> Collection[str]:
        """Return the SKUs of which there is no level, and which the shop does not sell."""
        counted = {level.sku for level, _ in levels}
        missing = [topic.sku for topic in page if topic.sku not in counted and topic.version == NOTHING]
        if not missing or self._read_sold is None:
            return ()
        return set(missing).difference(await self._read_sold(missing))

    async def _retry(self, skus: Sequence[str]) -> None:
        """Read a failed page again, by halves: a SKU that can't be read must not keep others from being read.

        One that fails alone waits behind all others.
        """
        self._page_size = max(1, len(skus) // 2)
        if len(skus) > 1:
            self._urgent = dict.fromkeys(skus) | self._urgent
        else:
            self._due |= dict.fromkeys(skus)
            await asyncio.sleep(self._settings.retry_s)

    def _check_bounds(self, subscriber: Subscriber, skus: Sequence[str]) -> None:
        most = self._settings.max_skus
        watched = {topic.sku for topic in subscriber.topics}
        watched.update(topic.sku for subscription in subscriber.pending for topic in subscription.versions)
        if len(watched.union(skus)) > most:
            raise LiveRefusal("too_many_skus", f"A client may watch {most} SKUs.")
        if len(subscriber.pending) >= self._settings.max_pending or len(self) + len(skus) > self._settings.max_topics:
            raise LiveRefusal("busy", "Too many subscriptions are waiting; try again in a second.")

    def _topic(self, sku: str) -> StockTopic:
        topic = self._topics.get(sku)
        if topic is None:
            topic = self._topics[sku] = StockTopic(sku)
        return topic

    def _update(self, topic: StockTopic, level: StockLevel, committed_at: datetime | None = None) -> None:
        if topic.readers or topic.ahead:
            if self._ticks.change(topic, level, committed_at):
                return
        elif level.version > topic.version:
            topic.show(level)  # Without readers, those who wait need not wait for a tick as well.
        self._mark_known(topic)

    def _mark_known(self, topic: StockTopic) -> None:
        """Mark a topic's value as trusted, and answer the subscriptions that waited for it."""
        topic.known = True
        for subscription in list(topic.waiting):
            subscription.missing.discard(topic)
            self._answer(subscription.subscriber)

    def _answer(self, subscriber: Subscriber) -> None:
        while subscriber.pending and not subscriber.pending[0].missing:
            subscription = subscriber.pending[0]
            subscriber.pending = subscriber.pending[1:]
            for topic in subscription.versions:
                topic.waiting.discard(subscription)
            self._ticks.settle(subscriber)
            self._attach(subscriber, subscription.versions)
            newer = [topic.body for topic, version in subscription.versions.items() if topic.version > version]
            subscriber.send(subscribed(newer))

    def _attach(self, subscriber: Subscriber, versions: dict[StockTopic, int]) -> None:
        SUBSCRIPTIONS.inc(len(versions.keys() - subscriber.topics))
        subscriber.topics = subscriber.topics.union(versions)
        if subscriber.dirty:
            subscriber.dirty.difference_update(versions)  # The answer contains them.
        for topic, version in versions.items():
            topic.admit(subscriber, version)
            if version > topic.version:
                self._read_soon(topic.sku)  # The client knows a newer version, so ours may be old.

    def _detach(self, subscriber: Subscriber, topics: Iterable[StockTopic]) -> None:
        gone = subscriber.topics.intersection(topics)
        SUBSCRIPTIONS.dec(len(gone))
        subscriber.topics -= gone
        if subscriber.dirty:
            subscriber.dirty -= gone
        for topic in gone:
            topic.dismiss(subscriber)
            self._drop_if_idle(topic)

    def _withdraw(self, subscription: PendingSubscription, topic: StockTopic) -> None:
        del subscription.versions[topic]
        subscription.missing.discard(topic)
        topic.waiting.discard(subscription)
        self._drop_if_idle(topic)

    def _drop_if_idle(self, topic: StockTopic) -> None:
        if topic.idle and self._topics.get(topic.sku) is topic:
            del self._topics[topic.sku]
            self._bundles.forget(topic.sku)

    def _read_soon(self, sku: str) -> None:
        self._urgent[sku] = None
        self._work.set()

    def _reread(self) -> None:
        self._due |= dict.fromkeys(self._topics)  # SKUs left by an earlier round come first.
        self._reread_at = self._loop.time() + self._settings.reread_every_s
        self._work.set()

    async def _next_page(self) -> list[StockTopic]:
        while True:
            if self._loop.time() >= self._reread_at:
                self._reread()
            skus = take(self._urgent, self._page_size) or take(self._due, self._page_size)
            page = [self._topics[sku] for sku in skus if sku in self._topics]
            if page:
                return page
            if not skus:
                await self._wait_for_work()

    async def _wait_for_work(self) -> None:
        self._work.clear()
        try:
            async with asyncio.timeout_at(self._reread_at):
                await self._work.wait()
        except TimeoutError:
            return

    def _accept(self, page: Sequence[StockTopic], levels: Iterable[LiveLevel], unsold: Collection[str]) -> None:
        """Accept a read, but only for the topics it was made for.

        A topic that was dropped and made again meanwhile may have missed a change in between; it is read again.
        """
        missing = {topic.sku: topic for topic in page if self._topics.get(topic.sku) is topic}
        for level, parts in levels:
            topic = missing.pop(level.sku, None)
            if topic is not None:
                self._bundles.learn(level.sku, parts)
                self._update(topic, level)
        for topic in missing.values():
            if topic.sku in unsold and topic.version == NOTHING:
                self._disown(topic)
            else:
                self._mark_known(topic)

    def _disown(self, topic: StockTopic) -> None:
        """End a topic of a SKU that nobody sells, and answer the subscriptions that waited for it."""
        for subscription in list(topic.waiting):
            self._withdraw(subscription, topic)
            self._answer(subscription.subscriber)
        for subscriber in (*topic.readers, *topic.ahead):
            self._detach(subscriber, [topic])


def take(queue: dict[str, None], most: int) -> list[str]:
    """Take the first few keys out of an ordered set."""
    taken = list(islice(queue, most))
    for key in taken:
        del queue[key]
    return taken
