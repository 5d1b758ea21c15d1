"""The link between the bus and the live edge: incoming updates, and the first status of a watched order."""

from bus.messages.order import GetOrder, Order, OrderProgressed
from engine.actor import Bus
from gateway.live import Hub
from gateway.updates import Updates


async def pass_on_updates(updates: Updates, hub: Hub) -> None:
    """Pass published updates on to the hub; after a gap let it read again. Ends by being cancelled."""
    async for update in updates.listen():
        if update is None:
            hub.stale()
            continue
        hub.stock_changed(update.stock)
        for order in update.orders:
            hub.order_changed(order)
        for cart_id in update.carts:
            hub.cart_changed(cart_id)


async def read_status(bus: Bus, order_id: str) -> OrderProgressed | None:
    """Read an order's current status."""
    order = await bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        return None
    return OrderProgressed(order_id=order.id, status=order.status, at=order.timeline[-1].at)
