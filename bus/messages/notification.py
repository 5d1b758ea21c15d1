"""Notifications: what those who watch an order are told, and what is kept of it."""

from datetime import datetime

from bus.messages.base import OrderId, Value
from engine.message import Query, Reply


class Notification(Value, frozen=True, kw_only=True):
    """Something happened to an order."""

    order_id: OrderId
    status: str  # An order's status, or "tracking".
    detail: str
    at: datetime


class NewsPage(Reply):
    """In the order it happened."""

    news: tuple[Notification, ...]


class ListNews(Query[NewsPage]):
    """All that was told about an order."""

    order_id: OrderId
