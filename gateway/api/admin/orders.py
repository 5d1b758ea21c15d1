"""What staff do with orders: refunds, and the warehouse's steps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from bus.messages.base import Money, OrderLine
from bus.messages.currencies import step
from bus.messages.order import ListOrders, OrderStatus, OrderSummary
from bus.messages.payment import Refund, RefundOrder, RefundReason
from bus.messages.warehouse import (
    ListPickLists,
    MoneyInDoubt,
    NoSuchPickList,
    Open,
    Pack,
    Pick,
    PickList,
    PickListStatus,
    Ship,
    WrongStep,
)
from gateway.api.bodies import Body, MoneyBody, Strict, View
from gateway.api.carts import required_token
from gateway.api.orders import OrderView, read_order
from gateway.api.products import Limit
from gateway.edge import Http, Wired
from gateway.problems import Problem, not_found


class RefundBody(Body, frozen=True, kw_only=True):
    """What goes back: minor units of the order's currency, or all that is left."""

    amount: Annotated[int, msgspec.Meta(gt=0)] | MoneyBody | None = None
    reason: RefundReason = "requested_by_customer"


class RefundView(View, frozen=True, kw_only=True):
    """Money on its way back."""

    id: str
    order_id: str
    amount: Money
    reason: RefundReason
    status: str


class OrderList(View, frozen=True, kw_only=True):
    """The newest first."""

    items: Sequence[OrderSummary]
    next: str | None


class PickListView(View, frozen=True, kw_only=True):
    """What to take from the shelves for one order."""

    id: str
    order_id: str
    number: str
    status: PickListStatus
    lines: Sequence[OrderLine]
    weight_g: int
    created_at: datetime
    doubts: Sequence[str]


class PickLists(View, frozen=True, kw_only=True):
    """The oldest first."""

    items: Sequence[PickListView]
    next: str | None


@get("/orders", summary="List orders")
async def list_orders(
    edge: Wired, status: FromQuery[OrderStatus | None] = None, limit: Limit = 20, cursor: FromQuery[str] = ""
) -> OrderList:
    """The newest first."""
    page = await edge.bus.ask(ListOrders(limit=limit, status=status, after=cursor))
    return OrderList(items=page.orders, next=page.next)


@post("/orders/{order_id:str}/refunds", dto=Strict[RefundBody], return_dto=None, summary="Refund an order")
async def refund(edge: Wired, request: Http, order_id: FromPath[str], data: JSONBody[RefundBody]) -> RefundView:
    """Send money back. Needs an `Idempotency-Key`. It is on its way when this is answered."""
    refund_id = f"ref_{required_token(request)}"
    order = await read_order(edge, order_id)
    answer = await edge.bus.ask(
        RefundOrder(order_id=order_id, refund_id=refund_id, amount=_minor_units(data, order), reason=data.reason)
    )
    if not isinstance(answer, Refund):
        refundable = {"amount": answer.refundable.amount, "currency": order.total.currency}
        raise Problem(409, "not_refundable", "There is not so much to give back.", refundable=refundable)
    return RefundView(
        id=answer.id, order_id=answer.order_id, amount=answer.amount, reason=answer.reason, status=answer.status
    )


@get("/pick-lists", summary="List pick lists")
async def list_pick_lists(
    edge: Wired,
    status: FromQuery[PickListStatus | None] = None,
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> PickLists:
    """The oldest first. `open` ones are to be picked."""
    page = await edge.bus.ask(ListPickLists(limit=limit, status=status, after=cursor))
    return PickLists(items=[_view(pick_list) for pick_list in page.pick_lists], next=page.next)


@post("/pick-lists/{list_id:str}/open", status_code=200, summary="Its order is paid, though nobody told the warehouse")
async def open_list(edge: Wired, list_id: FromPath[str]) -> PickListView:
    """For a paid order whose list still waits for the money. Safe to repeat."""
    if (await read_order(edge, list_id)).status != "paid":
        raise Problem(409, "not_paid", "Only the list of an order that is paid can be opened.")
    return _pick_list(await edge.bus.ask(Open(id=list_id)))


@post("/pick-lists/{list_id:str}/pick", status_code=200, summary="Everything was taken from the shelves")
async def pick(edge: Wired, list_id: FromPath[str]) -> PickListView:
    """Safe to repeat."""
    return _pick_list(await edge.bus.ask(Pick(id=list_id)))


@post("/pick-lists/{list_id:str}/pack", status_code=200, summary="It is in a parcel")
async def pack(edge: Wired, list_id: FromPath[str], despite_doubt: FromQuery[bool] = False) -> PickListView:
    """Safe to repeat. 409 `money_in_doubt` while its money is disputed or went back, unless that was looked at."""
    return _pick_list(await edge.bus.ask(Pack(id=list_id, despite_doubt=despite_doubt)))


@post("/pick-lists/{list_id:str}/ship", status_code=200, summary="The parcel is ready for a carrier")
async def ship(edge: Wired, list_id: FromPath[str], despite_doubt: FromQuery[bool] = False) -> PickListView:
    """Book the carrier. Safe to repeat. 409 `money_in_doubt` as for packing."""
    return _pick_list(await edge.bus.ask(Ship(id=list_id, despite_doubt=despite_doubt)))


def _minor_units(data: RefundBody, order: OrderView) -> int | None:
    amount, currency = data.amount, order.total.currency
    if isinstance(amount, MoneyBody):
        if amount.currency != currency or amount.amount <= 0:
            raise Problem(422, "invalid", f"amount: must be more than nothing, in {currency}")
        amount = amount.amount
    if amount is not None and amount % step(currency):
        least = Money(amount=step(currency), currency=currency)
        raise Problem(422, "invalid", f"amount: must be a multiple of {least}; cards take nothing finer")
    return amount


def _view(pick_list: PickList) -> PickListView:
    return PickListView(
        id=pick_list.id,
        order_id=pick_list.order_id or pick_list.id,
        number=pick_list.number,
        status=pick_list.status,
        lines=pick_list.lines,
        weight_g=pick_list.weight_g,
        created_at=pick_list.created_at,
        doubts=pick_list.doubts,
    )


def _pick_list(answer: PickList | NoSuchPickList | WrongStep | MoneyInDoubt) -> PickListView:
    match answer:
        case PickList():
            return _view(answer)
        case NoSuchPickList():
            raise not_found("pick list")
        case MoneyInDoubt():
            detail = f"Its money is in doubt ({', '.join(answer.doubts)}). Repeat with ?despite_doubt=true to go on."
            raise Problem(409, "money_in_doubt", detail, doubts=answer.doubts)
        case WrongStep():
            raise Problem(409, "wrong_step", f"The pick list is {answer.status}.", pick_list_status=answer.status)
