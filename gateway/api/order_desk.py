"""Orders as staff work on them: listed, found, and their buyers corrected."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final

import msgspec
from litestar import get, patch
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from bus.messages import words
from bus.messages.base import NAME, Instant, Money
from bus.messages.order import NoSuchOrder, Order, OrderStatus
from bus.messages.order_desk import (
    LONGEST_QUESTION,
    CorrectBuyer,
    ListOrders,
    NotCorrectable,
    OrderRow,
    OtherCountry,
    PaymentState,
)
from gateway.access import Member
from gateway.api.bodies import Body, Strict, View
from gateway.api.cart.carts import AddressBody, Text, typed_address
from gateway.api.lists import Limit, ListView
from gateway.api.order import OrderView, read_order, view
from gateway.buyers import read_address, read_email, read_name, read_phone
from gateway.context import Injected
from gateway.problems import Problem, not_found

_NUMBER: Final = re.compile(r"(?i)SF-[0-9]{1,18}")  # Of an order; digits alone may be a phone, or a postal code.
_SKU: Final = re.compile(NAME)
_STATUSES: Final = 9

Statuses = Annotated[list[OrderStatus] | None, QueryParameter(max_items=_STATUSES)]
FirstDay = Annotated[date | None, QueryParameter(name="from")]
LastDay = Annotated[date | None, QueryParameter(name="to")]


class OrderRowView(View, frozen=True, kw_only=True):
    """An order in a list. `buyer` is a name for staff with the key `read_customers`, else initials."""

    id: str
    number: str
    status: OrderStatus
    status_text: str
    payment: PaymentState
    total: Money
    units: int
    buyer: str
    late: bool  # Paid more than 24 hours ago, and not shipped.
    created_at: Instant
    age_s: int


class OrderList(ListView[OrderRowView], frozen=True, kw_only=True):
    """Orders, the newest first."""


class CorrectionBody(Body, frozen=True, kw_only=True):
    """Corrections of a buyer; what is left out stays. An empty `phone` takes the number out."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254)] | None = None
    name: Text | None = None
    phone: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    address: AddressBody | None = None


@get("/orders", summary="List orders")
async def list_orders(
    context: Injected,
    staff: Member,
    status: Statuses = None,
    payment: FromQuery[PaymentState | None] = None,
    first: FirstDay = None,
    last: LastDay = None,
    late: FromQuery[bool] = False,
    q: Annotated[str, QueryParameter(max_length=LONGEST_QUESTION)] = "",
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> OrderList:
    """List orders, the newest first: those of any of these statuses, of a state of payment, placed in these days (UTC).

    With `q` those of this number, with this SKU in them, or of a buyer with this e-mail address, name (or its
    beginning), postal code or phone. Whoever lacks the key `read_customers` finds orders by their number and by SKU:
    what is found would tell who has bought. `late`: paid more than 24 hours ago, and not shipped. A page may have fewer
    items than `limit`, and yet be followed by another.
    """
    sees_buyers, asked = staff.may("read_customers"), q.strip()
    if asked and not (sees_buyers or _NUMBER.fullmatch(asked) or _SKU.fullmatch(asked)):
        raise Problem(403, "forbidden", "To look for buyers takes the key read_customers.", key="read_customers")
    page = await context.bus.ask(
        ListOrders(
            limit=limit,
            statuses=tuple(status or ()),
            payment=payment,
            since=_midnight(first) if first else None,
            until=_midnight(last + timedelta(days=1)) if last and last < date.max else None,
            is_late=late,
            after=cursor,
            q=asked,
            sees_buyers=sees_buyers,
        )
    )
    now = context.clock.now()
    return OrderList(items=[_row(order, now) for order in page.orders], next=page.next)


@get("/orders/{order_id:str}", summary="Read an order, as staff do", refuses=["not_found"])
async def get_order_for_staff(context: Injected, staff: Member, order_id: FromPath[str]) -> OrderView:
    """Read an order with what only staff see of its timeline, and with its buyer for the key `read_customers`."""
    return await read_order(context, order_id, for_staff=True, shows_buyer=staff.may("read_customers"))


@patch(
    "/orders/{order_id:str}",
    dto=Strict[CorrectionBody],
    return_dto=None,
    summary="Correct an order's buyer",
    refuses=["not_found", "not_changeable"],
)
async def correct_buyer(
    context: Injected, staff: Member, order_id: FromPath[str], data: JSONBody[CorrectionBody]
) -> OrderView:
    """Correct the buyer's name, e-mail address, phone, or the address of the parcel, until the order is packed.

    The carrier gets, and mails go to, what is right now. With another e-mail address the links in earlier mails open
    the order no more. The country stays: shipping would have another price. Safe to repeat.
    """
    ask = CorrectBuyer(
        order_id=order_id,
        email=None if data.email is None else read_email(data.email),
        name=None if data.name is None else read_name(data.name),
        phone=None if data.phone is None else read_phone(data.phone),
        address=None if data.address is None else read_address(typed_address(data.address)),
        by=str(staff),
    )
    answer = await context.bus.ask(ask)
    match answer:
        case Order():
            return view(answer, for_staff=True, shows_buyer=True)
        case NotCorrectable():
            detail = f"The order is {words.status(answer.status).lower()}: its buyer stays as it is."
            raise Problem(409, "not_changeable", detail, order_status=answer.status)
        case OtherCountry():
            detail = f"The country stays {answer.country}: shipping to another one has another price."
            raise Problem(422, "invalid", detail, field="address.country")
        case NoSuchOrder():
            raise not_found("order")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _row(order: OrderRow, now: datetime) -> OrderRowView:
    return OrderRowView(
        id=order.id,
        number=order.number,
        status=order.status,
        status_text=words.status(order.status),
        payment=order.payment,
        total=order.total,
        units=order.units,
        buyer=order.buyer,
        late=order.is_late,
        created_at=order.created_at,
        age_s=max(0, int((now - order.created_at).total_seconds())),
    )


STAFF = [list_orders, get_order_for_staff, correct_buyer]
