"""Notifications: stored, and published to those who watch an order."""

from collections.abc import Sequence
from typing import Protocol

from actors.notification import store
from bus.messages.notification import ListNews, NewsPage
from bus.messages.order import OrderProgressed, OrderShipped
from engine.actor import Actor, turn
from engine.transaction import Transaction


class OrderPublisher(Protocol):
    """Publishes the progress of orders. A hint only: subscribers also poll now and then."""

    def publish_orders(self, orders: Sequence[OrderProgressed]) -> None:
        """Publish the progress of these orders soon."""
        ...


class Notifications(Actor, name="notification"):
    """Stores the progress of orders, and publishes it to those who watch them."""

    def __init__(self, *, updates: OrderPublisher) -> None:
        self._updates = updates

    @turn
    async def on_progress(self, tx: Transaction, events: Sequence[OrderProgressed]) -> None:
        await store.add(tx, [(event.order_id, event.status, "", event.at) for event in events])
        tx.after_commit(lambda: self._updates.publish_orders(events))

    @turn
    async def on_shipped(self, tx: Transaction, events: Sequence[OrderShipped]) -> None:
        parcel = [f"{event.carrier} {event.tracking_number}" for event in events]
        await store.add(
            tx, [(event.order_id, "tracking", say, tx.now) for event, say in zip(events, parcel, strict=True)]
        )

    @turn
    async def list_news(self, tx: Transaction, asks: Sequence[ListNews]) -> Sequence[NewsPage]:
        news = await store.read(tx, {ask.order_id for ask in asks})
        return [NewsPage(news=tuple(item for item in news if item.order_id == ask.order_id)) for ask in asks]
