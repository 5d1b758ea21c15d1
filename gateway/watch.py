"""What ties the live edge to the bus: news that come in, and what an order's watcher is told first."""

from bus.messages.order import GetOrder, Order, OrderProgressed
from bus.news import News
from engine.actor import Bus
from gateway.live import Hub


async def pass_on_news(news: News, hub: Hub) -> None:
    """Tell the hub what is published; after a gap let it read again. Ends by being cancelled."""
    async for bulletin in news.listen():
        if bulletin is None:
            hub.stale()
            continue
        hub.stock_changed(bulletin.stock)
        for order in bulletin.orders:
            hub.order_changed(order)


async def read_status(bus: Bus, order_id: str) -> OrderProgressed | None:
    """An order's status of now."""
    order = await bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        return None
    return OrderProgressed(order_id=order.id, status=order.status, at=order.timeline[-1].at)
