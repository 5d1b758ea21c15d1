"""Quotes: the price of a cart, and its shipping methods."""

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from bus.messages.base import Money, Sums
from bus.messages.cart import Block, NoSuchCart, Quote, QuoteCart, QuotedMethod
from gateway.api.bodies import Body, Strict, View
from gateway.api.cart.carts import AddressBody, CartLineView, Method, cart_view, typed_address
from gateway.buyers import read_address
from gateway.context import GatewayContext, Injected
from gateway.problems import Problem, not_found

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class QuoteBody(Body, frozen=True, kw_only=True):
    """The buyer's choices so far."""

    address: AddressBody | None = None
    shipping_method: Method | None = None  # The first, if none is named.
    codes: Annotated[Sequence[Code], msgspec.Meta(max_length=5)] = ()


class DaysView(View, frozen=True, kw_only=True):
    """The time that a parcel takes, in working days."""

    min: int
    max: int


class MethodView(View, frozen=True, kw_only=True):
    """A shipping method, and its price for these goods."""

    id: str
    title: str
    price: Money
    days: DaysView


class BlockView(View, frozen=True, kw_only=True, omit_defaults=True):
    """A reason to refuse a checkout. `code` is stable."""

    code: str
    detail: str
    sku: str | None = None
    available: int | None = None
    given: str | None = None
    field: str | None = None  # Of an address.


class QuoteView(View, frozen=True, kw_only=True):
    """The price that checkout would charge, and the reasons to refuse it. No shipping method means no total."""

    subtotal: Money
    discount: Money | None
    shipping: Money | None
    fees: Money | None
    tax: Money | None
    prices_include_tax: bool
    total: Money | None
    shipping_method: str | None
    shipping_methods: Sequence[MethodView]
    lines: Sequence[CartLineView]
    blocks: Sequence[BlockView]


@post(
    "/carts/{cart_id:str}/quote",
    status_code=200,
    dto=Strict[QuoteBody],
    return_dto=None,
    summary="Quote a cart",
    refuses=["not_found"],
)
async def quote(context: Injected, cart_id: FromPath[str], data: JSONBody[QuoteBody]) -> QuoteView:
    """Compute the price that checkout would charge now, and the reasons to refuse it. Holds and changes nothing."""
    answer = await context.bus.ask(
        QuoteCart(
            cart_id=cart_id,
            address=typed_address(data.address) if data.address else None,
            shipping_method=data.shipping_method,
            codes=tuple(data.codes),
        )
    )
    if isinstance(answer, NoSuchCart):
        raise not_found("cart")
    return _view(answer, context, _of_address(data.address))


def _of_address(body: AddressBody | None) -> list[BlockView]:
    """List the fault of an address that checkout would refuse."""
    try:
        if body is not None:
            read_address(typed_address(body))
    except Problem as refused:
        return [BlockView(code="invalid_address", detail=refused.detail, field=str(refused.members["field"]))]
    return []


def _view(quoted: Quote, context: GatewayContext, more_blocks: Sequence[BlockView]) -> QuoteView:
    sums = quoted.sums

    def part(of: Callable[[Sums], int]) -> Money | None:
        return Money(amount=of(sums), currency=sums.currency) if sums else None

    return QuoteView(
        subtotal=quoted.subtotal,
        discount=part(lambda parts: parts.discount),
        shipping=part(lambda parts: parts.shipping),
        fees=part(lambda parts: parts.fees),
        tax=part(lambda parts: parts.tax),
        prices_include_tax=sums is None or sums.prices_include_tax,
        total=part(lambda parts: parts.total),
        shipping_method=quoted.shipping_method,
        shipping_methods=[_method(method) for method in quoted.methods],
        lines=cart_view(quoted.cart, context.clock.now()).lines,
        blocks=[*(_block(block) for block in quoted.blocks), *more_blocks],
    )


def _method(method: QuotedMethod) -> MethodView:
    days = DaysView(min=method.days_min, max=method.days_max)
    return MethodView(id=method.id, title=method.title, price=method.price, days=days)


def _block(block: Block) -> BlockView:
    return BlockView(code=block.code, detail=block.detail, sku=block.sku, available=block.available, given=block.given)
