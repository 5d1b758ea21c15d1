"""What staff do, under /admin/api, with a bearer token."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Router, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from bus.messages.analytics import GetSales, SalesBy, SalesRow
from bus.messages.base import Finding, Money, OrderLine
from bus.messages.catalog import (
    ChangeProduct,
    CreateProduct,
    NoSuchProduct,
    Product,
    ProductExists,
    RemoveProduct,
    SkuView,
)
from bus.messages.inventory import AuditStock, CountStock, SetOnHand, StockBelowHeld, StockCount
from bus.messages.order import AuditOrders, ListOrders, OrderStatus, OrderSummary
from bus.messages.payment import AuditMoney, Refund, RefundOrder, RefundReason
from bus.messages.warehouse import (
    ListPickLists,
    NoSuchPickList,
    Pack,
    Pick,
    PickList,
    PickListStatus,
    Ship,
    WrongStep,
)
from gateway.access import staff_only
from gateway.api.bodies import Body, MoneyBody, Strict, View
from gateway.api.carts import required_token
from gateway.api.orders import OrderView, read_order
from gateway.api.products import Limit, ProductDetail, detail
from gateway.edge import Edge, Http, Wired
from gateway.problems import Problem, not_found

Text = Annotated[str, msgspec.Meta(max_length=5000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class SkuBody(Body, frozen=True, kw_only=True):
    """What can be bought of a product."""

    sku: Name
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    price: MoneyBody
    weight_g: Annotated[int, msgspec.Meta(gt=0)]


class ProductBody(Body, frozen=True, kw_only=True):
    """A new product."""

    id: Name
    slug: Name
    title: Name
    category: Name
    description: Text = ""
    skus: Annotated[list[SkuBody], msgspec.Meta(min_length=1, max_length=100)]


class ProductChange(Body, frozen=True, kw_only=True):
    """What is to be changed. SKUs that are given are written, others stay. The catalog's rules bound it."""

    title: str | None = None
    category: str | None = None
    description: str | None = None
    skus: list[SkuBody] | None = None


class StockBody(Body, frozen=True, kw_only=True):
    """What was counted."""

    on_hand: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class StockView(View, frozen=True, kw_only=True):
    """The books of one SKU."""

    sku: str
    on_hand: int
    held: int
    available: int
    version: int


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


class PickLists(View, frozen=True, kw_only=True):
    """The oldest first."""

    items: Sequence[PickListView]
    next: str | None


class DeadLetterView(View, frozen=True, kw_only=True):
    """A message that could not be handled."""

    id: str
    actor: str
    type: str
    key: str
    message: msgspec.Raw
    attempts: int
    error: str
    parked_at: datetime


class DeadLetters(View, frozen=True, kw_only=True):
    """The oldest first."""

    items: Sequence[DeadLetterView]
    next: str | None


class Redriven(View, frozen=True, kw_only=True):
    """How many are tried again."""

    redriven: int


class AuditView(View, frozen=True, kw_only=True):
    """What was looked at, and what is wrong; nothing is the good answer."""

    checked: dict[str, int]
    findings: Sequence[Finding]


class SalesView(View, frozen=True, kw_only=True):
    """Sales by period."""

    items: Sequence[SalesRow]
    next: None = None


class ActorView(View, frozen=True, kw_only=True):
    """An actor of this process."""

    name: str
    mailbox: int
    oldest_wait_s: float


class Actors(View, frozen=True, kw_only=True):
    """Those this process hosts."""

    items: Sequence[ActorView]
    next: None = None


@post("/products", dto=Strict[ProductBody], return_dto=None, summary="Add a product")
async def create_product(edge: Wired, data: JSONBody[ProductBody]) -> ProductDetail:
    """A product with at least one SKU. Its stock begins at none."""
    answer = await edge.bus.ask(
        CreateProduct(
            id=data.id,
            slug=data.slug,
            title=data.title,
            category=data.category,
            description=data.description,
            skus=_skus(data.skus),
        )
    )
    return await _product(edge, answer)


@patch("/products/{product_id:str}", dto=Strict[ProductChange], return_dto=None, summary="Change a product")
async def change_product(edge: Wired, product_id: FromPath[str], data: JSONBody[ProductChange]) -> ProductDetail:
    """Only what is given changes."""
    skus = None if data.skus is None else _skus(data.skus)
    change = ChangeProduct(
        id=product_id, title=data.title, category=data.category, description=data.description, skus=skus
    )
    return await _product(edge, await edge.bus.ask(change))


@delete("/products/{product_id:str}", summary="Take a product off sale")
async def remove_product(edge: Wired, product_id: FromPath[str]) -> None:
    """Orders keep what they say of it."""
    if isinstance(await edge.bus.ask(RemoveProduct(id=product_id)), NoSuchProduct):
        raise not_found("product")


@get("/stock/{sku:str}", summary="The books of one SKU")
async def get_stock(edge: Wired, sku: FromPath[str]) -> StockView:
    """What is on hand, and held of it."""
    count = await edge.bus.ask(CountStock(sku=sku))
    if not isinstance(count, StockCount):
        raise Problem(404, "unknown_sku", f"There is no {sku}.")
    return _stock(count)


@put("/stock/{sku:str}", dto=Strict[StockBody], return_dto=None, summary="Write down what was counted")
async def set_stock(edge: Wired, sku: FromPath[str], data: JSONBody[StockBody]) -> StockView:
    """What is on the shelf now. Not less than carts and orders hold."""
    answer = await edge.bus.ask(SetOnHand(sku=sku, on_hand=data.on_hand))
    if isinstance(answer, StockBelowHeld):
        raise Problem(409, "stock_below_held", f"{answer.held} units are held for carts and orders.", held=answer.held)
    return _stock(answer)


@get("/orders", summary="List orders")
async def list_orders(
    edge: Wired, status: FromQuery[OrderStatus | None] = None, limit: FromQuery[Limit] = 20, cursor: FromQuery[str] = ""
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
    limit: FromQuery[Limit] = 20,
    cursor: FromQuery[str] = "",
) -> PickLists:
    """The oldest first. `open` ones are to be picked."""
    page = await edge.bus.ask(ListPickLists(limit=limit, status=status, after=cursor))
    return PickLists(items=[_view(pick_list) for pick_list in page.pick_lists], next=page.next)


@post("/pick-lists/{list_id:str}/pick", status_code=200, summary="Everything was taken from the shelves")
async def pick(edge: Wired, list_id: FromPath[str]) -> PickListView:
    """Safe to repeat."""
    return _pick_list(await edge.bus.ask(Pick(id=list_id)))


@post("/pick-lists/{list_id:str}/pack", status_code=200, summary="It is in a parcel")
async def pack(edge: Wired, list_id: FromPath[str]) -> PickListView:
    """Safe to repeat."""
    return _pick_list(await edge.bus.ask(Pack(id=list_id)))


@post("/pick-lists/{list_id:str}/ship", status_code=200, summary="The parcel is ready for a carrier")
async def ship(edge: Wired, list_id: FromPath[str]) -> PickListView:
    """Books the carrier. Safe to repeat."""
    return _pick_list(await edge.bus.ask(Ship(id=list_id)))


@get("/dead-letters", summary="Messages that could not be handled")
async def dead_letters(edge: Wired, limit: FromQuery[Limit] = 20, cursor: FromQuery[int] = 0) -> DeadLetters:
    """The oldest first."""
    letters = await edge.deliveries.dead_letters(cursor, limit + 1)
    items = [
        DeadLetterView(
            id=str(letter.id),
            actor=letter.subscriber,
            type=letter.type,
            key=letter.key,
            message=msgspec.Raw(letter.body.encode()),
            attempts=letter.attempts,
            error=letter.error,
            parked_at=letter.parked_at,
        )
        for letter in letters[:limit]
    ]
    return DeadLetters(items=items, next=items[-1].id if len(letters) > limit else None)


@post("/dead-letters/{letter_id:int}/redrive", status_code=200, summary="Try one again")
async def redrive(edge: Wired, letter_id: FromPath[int]) -> Redriven:
    """It is handled as if it were new."""
    redriven = await edge.deliveries.redrive([letter_id])
    if not redriven:
        raise not_found("dead letter")
    return Redriven(redriven=redriven)


@get("/audit", summary="Recompute everything")
async def audit(edge: Wired) -> AuditView:
    """Compare stock, money and orders with ledgers and rows."""
    answers = {
        "stock": await edge.bus.ask(AuditStock(), timeout_s=60),
        "money": await edge.bus.ask(AuditMoney(), timeout_s=60),
        "orders": await edge.bus.ask(AuditOrders(), timeout_s=60),
    }
    return AuditView(
        checked={part: answer.checked for part, answer in answers.items()},
        findings=[finding for answer in answers.values() for finding in answer.findings],
    )


@get("/analytics/sales", summary="Sales by period")
async def sales(
    edge: Wired,
    start: Annotated[date | None, QueryParameter(name="from")] = None,
    end: Annotated[date | None, QueryParameter(name="to")] = None,
    by: FromQuery[SalesBy] = "day",
) -> SalesView:
    """Orders by the day or month they were placed in. The last 30 days, unless told otherwise."""
    last = end or edge.clock.now().date()
    answer = await edge.bus.ask(GetSales(start=start or last - timedelta(days=30), end=last, by=by))
    return SalesView(items=answer.rows)


@get("/actors", summary="The actors of this process")
async def actors(edge: Wired) -> Actors:
    """Mailboxes, and how long the next message has waited."""
    items = [
        ActorView(name=name, mailbox=cell.mailbox.size, oldest_wait_s=round(cell.mailbox.oldest_wait_s(), 6))
        for name, cell in sorted(edge.cells.items())
    ]
    return Actors(items=items)


router = Router(
    "/admin/api",
    guards=[staff_only],
    tags=["staff"],
    security=[{"bearer": []}],
    route_handlers=[
        create_product,
        change_product,
        remove_product,
        get_stock,
        set_stock,
        list_orders,
        refund,
        list_pick_lists,
        pick,
        pack,
        ship,
        dead_letters,
        redrive,
        audit,
        sales,
        actors,
    ],
)


def _skus(bodies: Sequence[SkuBody]) -> tuple[SkuView, ...]:
    return tuple(
        SkuView(
            sku=body.sku,
            title=body.title,
            price=Money(amount=body.price.amount, currency=body.price.currency),
            weight_g=body.weight_g,
        )
        for body in bodies
    )


def _minor_units(data: RefundBody, order: OrderView) -> int | None:
    if not isinstance(data.amount, MoneyBody):
        return data.amount
    if data.amount.currency != order.total.currency or data.amount.amount <= 0:
        raise Problem(422, "invalid", f"amount: must be more than nothing, in {order.total.currency}")
    return data.amount.amount


async def _product(edge: Edge, answer: Product | NoSuchProduct | ProductExists) -> ProductDetail:
    match answer:
        case Product():
            return await detail(edge, answer)
        case ProductExists():
            raise Problem(409, "product_exists", "Its id, slug or a SKU is taken.")
        case NoSuchProduct():
            raise not_found("product")


def _stock(count: StockCount) -> StockView:
    return StockView(
        sku=count.sku,
        on_hand=count.on_hand,
        held=count.held,
        available=count.on_hand - count.held,
        version=count.version,
    )


def _view(pick_list: PickList) -> PickListView:
    return PickListView(
        id=pick_list.id,
        order_id=pick_list.id,
        number=pick_list.number,
        status=pick_list.status,
        lines=pick_list.lines,
        weight_g=pick_list.weight_g,
        created_at=pick_list.created_at,
    )


def _pick_list(answer: PickList | NoSuchPickList | WrongStep) -> PickListView:
    match answer:
        case PickList():
            return _view(answer)
        case NoSuchPickList():
            raise not_found("pick list")
        case WrongStep():
            raise Problem(409, "wrong_step", f"The pick list is {answer.status}.", pick_list_status=answer.status)
