"""Paying: what a buyer's browser needs for an order that is not paid yet."""

from litestar import get
from litestar.params import FromPath

from bus.messages.payment import GetIntent, Intent
from gateway import openapi
from gateway.access import order_readers_only
from gateway.api.cart.carts import PaymentView, payment_view
from gateway.api.order import read_order
from gateway.context import Injected
from gateway.problems import Problem


@get(
    "/orders/{order_id:str}/payment",
    summary="Read the payment of an order",
    guards=[order_readers_only],
    security=[openapi.ORDER, openapi.CUSTOMER, openapi.STAFF],
    refuses=["not_found", "not_payable"],
)
async def get_payment(context: Injected, order_id: FromPath[str]) -> PaymentView:
    """Read what a browser needs to pay an order, as its checkout has returned it. For whoever may read the order."""
    order = await read_order(context, order_id)
    if order.status == "pending_payment":
        intent = await context.bus.ask(GetIntent(order_id=order_id))
        if isinstance(intent, Intent):
            return payment_view(context, intent.intent_id, intent.client_secret, intent.amount)
    raise Problem(409, "not_payable", "There is nothing to pay for this order any more.")


PUBLIC = [get_payment]
