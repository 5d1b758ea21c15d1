"""Shipping methods: their titles, times and prices; seen by buyers, kept by staff."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get, put
from litestar.params import FromPath, JSONBody

from bus.messages.base import Currency, Money
from bus.messages.shipping import (
    ListShippingMethods,
    MethodDetail,
    MethodPrice,
    PricedMethod,
    ReadMethods,
    SetShippingMethod,
)
from gateway.api.bodies import Body, MoneyBody, Strict, View
from gateway.api.lists import WholeListView
from gateway.context import Injected
from gateway.problems import Problem, not_found


class DaysBody(Body, frozen=True, kw_only=True):
    """The time that a parcel takes, in working days."""

    min: Annotated[int, msgspec.Meta(ge=0, le=365)]
    max: Annotated[int, msgspec.Meta(ge=0, le=365)]


class MethodBody(Body, frozen=True, kw_only=True):
    """A method, and its price in one currency. Prices in other currencies stay."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    days: DaysBody
    price: MoneyBody
    free_from: MoneyBody | None = None  # Goods of this price or more ship for free; in the currency of `price`.


class PriceView(View, frozen=True, kw_only=True):
    """The price of a method in one currency."""

    price: Money
    free_from: Money | None


class MethodDays(View, frozen=True, kw_only=True):
    """The time that a parcel takes, in working days."""

    min: int
    max: int


class MethodDetailView(View, frozen=True, kw_only=True):
    """A method with its prices in all currencies."""

    id: str
    title: str
    days: MethodDays
    place: int
    prices: Sequence[PriceView]


class OfferedMethodView(View, frozen=True, kw_only=True):
    """A method as buyers see it, with its price in the shop's currency. Goods of `free_from` or more ship for free."""

    id: str
    title: str
    days: MethodDays
    price: Money
    free_from: Money | None


class OfferedMethods(WholeListView[OfferedMethodView], frozen=True, kw_only=True):
    """Methods in the order in which buyers see them."""


class MethodList(WholeListView[MethodDetailView], frozen=True, kw_only=True):
    """Methods in the order in which buyers see them."""


@get("/shipping-methods", summary="List shipping methods")
async def list_offered(context: Injected) -> OfferedMethods:
    """List the methods that buyers choose from, with their times, and prices in the shop's currency.

    A cart's quote says what they cost for its goods.
    """
    asked = await context.bus.ask(ListShippingMethods(currency=context.currency))
    return OfferedMethods(items=[_offered(method, asked.currency) for method in asked.methods])


@get("/shipping-methods", summary="List shipping methods to edit them")
async def list_methods(context: Injected) -> MethodList:
    """List all methods with their prices in all currencies, in the order in which buyers see them."""
    return MethodList(items=[_view(method) for method in (await context.bus.ask(ReadMethods())).methods])


@get("/shipping-methods/{method_id:str}", summary="Read a shipping method", refuses=["not_found"])
async def get_method(context: Injected, method_id: FromPath[str]) -> MethodDetailView:
    """Read a method with its prices in all currencies."""
    for method in (await context.bus.ask(ReadMethods())).methods:
        if method.id == method_id:
            return _view(method)
    raise not_found("shipping method")


@put(
    "/shipping-methods/{method_id:str}",
    dto=Strict[MethodBody],
    return_dto=None,
    summary="Change a shipping method",
    refuses=["not_found"],
)
async def set_method(context: Injected, method_id: FromPath[str], data: JSONBody[MethodBody]) -> MethodDetailView:
    """Set a method's title, time and price for buyers from now on. Existing orders keep theirs."""
    if data.free_from is not None and data.free_from.currency != data.price.currency:
        raise Problem(422, "invalid", "free_from: not in the currency of the price", field="free_from")
    price = MethodPrice(
        currency=data.price.currency,
        price=data.price.amount,
        free_from=data.free_from.amount if data.free_from else None,
    )
    answer = await context.bus.ask(
        SetShippingMethod(id=method_id, title=data.title, days_min=data.days.min, days_max=data.days.max, price=price)
    )
    if isinstance(answer, MethodDetail):
        return _view(answer)
    raise not_found("shipping method")


def _offered(method: PricedMethod, currency: Currency) -> OfferedMethodView:
    free_from = None if method.free_from is None else Money(amount=method.free_from, currency=currency)
    return OfferedMethodView(
        id=method.id,
        title=method.title,
        days=MethodDays(min=method.days_min, max=method.days_max),
        price=Money(amount=method.price, currency=currency),
        free_from=free_from,
    )


def _view(method: MethodDetail) -> MethodDetailView:
    return MethodDetailView(
        id=method.id,
        title=method.title,
        days=MethodDays(min=method.days_min, max=method.days_max),
        place=method.place,
        prices=[
            PriceView(
                price=Money(amount=each.price, currency=each.currency),
                free_from=None if each.free_from is None else Money(amount=each.free_from, currency=each.currency),
            )
            for each in method.prices
        ],
    )


PUBLIC = [list_offered]
STAFF = [list_methods, get_method, set_method]
