"""A customer's orders: listed, and claimed by whoever bought them as a guest."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from bus.messages.base import Instant
from bus.messages.customer_own import AttachOrder, AttachOrders, ListCustomerOrders, OrderAttached, OrdersAttached
from bus.messages.order import BoughtOrder, GetOrder, ListBoughtOrders, Order, OrderSummary
from gateway import openapi
from gateway.access import is_buyer
from gateway.api.bodies import Body, Strict, View
from gateway.api.customer.bodies import read_profile
from gateway.api.lists import Limit, ListView
from gateway.api.order import OrderView, view
from gateway.context import GatewayContext, Injected, index_of
from gateway.customers import CurrentCustomer, customer_only
from gateway.problems import Problem, not_found

_MOST_PAGES: Final = 10  # Of 100 orders each, that are claimed at once.


class OwnOrderList(ListView[OrderSummary], frozen=True, kw_only=True):
    """Orders of a customer, the latest bought or claimed first."""


class ClaimBody(Body, frozen=True, kw_only=True):
    """The access token of an order, from its checkout, or that of a link in a mail about it."""

    access_token: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class ClaimedView(View, frozen=True, kw_only=True):
    """How many orders are new in the account, and when the oldest and the newest of them were placed."""

    count: int
    oldest: Instant | None
    newest: Instant | None


@get("/orders", summary="List the own orders")
async def list_own_orders(
    context: Injected, customer: CurrentCustomer, limit: Limit = 20, cursor: FromQuery[str] = ""
) -> OwnOrderList:
    """List the orders that were bought while signed in, or claimed."""
    page = await context.bus.ask(ListCustomerOrders(customer_id=customer.id, limit=limit, after=cursor[:20]))
    found = await asyncio.gather(*(context.bus.ask(GetOrder(order_id=each)) for each in page.orders))
    orders = [
        OrderSummary(id=each.id, number=each.number, status=each.status, total=each.total, created_at=each.created_at)
        for each in found
        if isinstance(each, Order)
    ]
    return OwnOrderList(items=orders, next=page.next)


@post(
    "/orders/{order_id:str}/claim",
    status_code=200,
    dto=Strict[ClaimBody],
    return_dto=None,
    guards=[customer_only],
    security=[openapi.CUSTOMER],
    summary="Claim an order that was bought as a guest",
    refuses=["not_found", "not_claimable"],
)
async def claim_order(
    context: Injected, customer: CurrentCustomer, order_id: FromPath[str], data: JSONBody[ClaimBody]
) -> OrderView:
    """Put an order into the account. It takes both: the order's token, and the address that it was bought with."""
    order = await context.bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order) or not await is_buyer(context, data.access_token, order_id):
        raise not_found("order")
    index = index_of(context, order.email)
    claimed = await context.bus.ask(AttachOrder(customer_id=customer.id, order_id=order_id, email_index=index))
    if not isinstance(claimed, OrderAttached):
        raise Problem(409, "not_claimable", "It was bought with another address, or is in another account.")
    return view(order)


@post("/orders/claim", status_code=200, summary="Claim all orders that were bought as a guest")
async def claim_orders(context: Injected, customer: CurrentCustomer) -> ClaimedView:
    """Put orders into the account that were bought with its address, at most 1,000 at once.

    The address was proven by a code, and whoever reads its mails opens these orders anyway. Those that are in another
    account stay there.
    """
    index = index_of(context, (await read_profile(context, customer.id)).email)
    claimed = list[BoughtOrder]()
    async for page in _bought(context, index):
        ids = tuple(order.id for order in page)
        answer = await context.bus.ask(AttachOrders(customer_id=customer.id, orders=ids, email_index=index))
        new = set(answer.orders) if isinstance(answer, OrdersAttached) else set[str]()
        claimed += [order for order in page if order.id in new]
    times = [order.created_at for order in claimed]
    return ClaimedView(count=len(claimed), oldest=min(times, default=None), newest=max(times, default=None))


async def _bought(context: GatewayContext, index: str) -> AsyncIterator[Sequence[BoughtOrder]]:
    after = ""
    for _ in range(_MOST_PAGES):
        page = (await context.bus.ask(ListBoughtOrders(email_index=index, after=after))).orders
        if not page:
            return
        yield page
        after = page[-1].id


PUBLIC = [claim_order]
OWN = [list_own_orders, claim_orders]
