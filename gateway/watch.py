"""The link between the bus and the live edge: incoming updates, and the first status of a watched order."""

from collections.abc import Collection, Sequence

from bus.messages.base import Sku
from bus.messages.catalog import PriceSkus
from bus.messages.order import GetOrder, Order, OrderProgressed
from engine.actor import Bus
from gateway.brand import BrandReader
from gateway.live import Hub
from gateway.unpaid_orders import UnpaidOrders
from gateway.updates import Updates
from gateway.views.reader import ViewReader


async def pass_on_updates(
    updates: Updates, hub: Hub, views: ViewReader, unpaid: UnpaidOrders, brand: BrandReader
) -> None:
    """Pass published updates on to the hub and to what is shown, which read again after a gap, and to unpaid orders.

    Ends by being cancelled.
    """
    async for update in updates.listen():
        if update is None:
            hub.stale()
            views.stale()
            updates.live_levels.stale()
            brand.forget()
            continue
        views.changed(update.views, update.views_changed_at)
        updates.live_levels.changed(update.stock)
        hub.stock_changed(update.stock)
        for order in update.orders:
            hub.order_changed(order)
            unpaid.progressed(order)
        for cart_id in update.carts:
            hub.cart_changed(cart_id)
        if update.brand:
            brand.forget()
        if update.sessions:
            hub.sessions_ended(frozenset(update.sessions))


async def read_sold(bus: Bus, skus: Sequence[Sku]) -> Collection[Sku]:
    """Read which of these SKUs the shop sells."""
    return {priced.sku for priced in (await bus.ask(PriceSkus(skus=tuple(skus)))).skus}


async def read_status(bus: Bus, order_id: str) -> OrderProgressed | None:
    """Read an order's current status."""
    order = await bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        return None
    return OrderProgressed(order_id=order.id, status=order.status, at=order.timeline[-1].at, number=order.number)
