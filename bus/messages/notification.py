"""Notifications: news about orders for their watchers, and the history that is kept."""

from datetime import datetime

from bus.messages.base import OrderId, Value
from engine.message import Query, Reply


class Notification(Value, frozen=True, kw_only=True):
    """A piece of news about an order."""

    order_id: OrderId
    status: str  # An order's status, or "tracking".
    detail: str
    at: datetime


class NewsPage(Reply):
    """News about an order, the oldest first."""

    news: tuple[Notification, ...]


class ListNews(Query[NewsPage]):
    """List all news about an order."""

    order_id: OrderId
