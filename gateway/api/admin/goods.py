"""What staff do with goods: products, and what is on the shelves."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from bus.messages.base import Money
from bus.messages.catalog import (
    ChangeProduct,
    CreateProduct,
    NoSuchProduct,
    Product,
    ProductExists,
    RemoveProduct,
    SkuView,
)
from bus.messages.inventory import CountStock, SetOnHand, StockBelowHeld, StockCount
from gateway.api.bodies import Body, MoneyBody, Strict, View
from gateway.api.products import ProductDetail, detail
from gateway.edge import Edge, Wired
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
    recount: bool = False  # The ledger says otherwise, and is to be made to agree.


class StockView(View, frozen=True, kw_only=True):
    """The books of one SKU."""

    sku: str
    on_hand: int
    assigned: int
    held: int
    available: int
    version: int


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
    """What is on hand, and what of it is sold and not gone (`assigned`), or held."""
    count = await edge.bus.ask(CountStock(sku=sku))
    if not isinstance(count, StockCount):
        raise Problem(404, "unknown_sku", f"There is no {sku}.")
    return _stock(count)


@put("/stock/{sku:str}", dto=Strict[StockBody], return_dto=None, summary="Write down what was counted")
async def set_stock(edge: Wired, sku: FromPath[str], data: JSONBody[StockBody]) -> StockView:
    """What is there now, sold units that wait to leave included. Not less than is sold or held."""
    answer = await edge.bus.ask(SetOnHand(sku=sku, on_hand=data.on_hand, recount=data.recount))
    if isinstance(answer, StockBelowHeld):
        detail = f"{answer.assigned} units are sold and not gone, {answer.held} are held for carts and payments."
        raise Problem(409, "stock_below_held", detail, held=answer.held, assigned=answer.assigned)
    return _stock(answer)


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
        assigned=count.assigned,
        held=count.held,
        available=count.on_hand - count.assigned - count.held,
        version=count.version,
    )
