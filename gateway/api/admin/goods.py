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
    LastSku,
    NoSuchProduct,
    NoSuchSku,
    Product,
    ProductExists,
    RemoveProduct,
    RemoveSku,
    SkuView,
)
from bus.messages.inventory import CountStock, SetOnHand, StockBelowHeld, StockCount, UnitsInUse
from gateway.api.bodies import Body, MoneyBody, Strict, View
from gateway.api.products import ProductDetail, detail
from gateway.edge import Edge, Wired
from gateway.problems import Problem, not_found
from gateway.renames import rename

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


class SkuChange(Body, frozen=True, kw_only=True):
    """What a SKU is to be called."""

    sku: Name


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
    """A product with at least one SKU. Its stock begins at none, or goes on where it was when the SKU was removed."""
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
    """Orders keep what they say of it. Its id, slug and SKUs are free for others."""
    if isinstance(await edge.bus.ask(RemoveProduct(id=product_id)), NoSuchProduct):
        raise not_found("product")


@delete("/products/{product_id:str}/skus/{sku:str}", status_code=200, summary="Take one SKU off a product")
async def remove_sku(edge: Wired, product_id: FromPath[str], sku: FromPath[str]) -> ProductDetail:
    """Gives the product without it. The last one stays: remove the product instead. Orders keep what they say of it."""
    return await _product(edge, await edge.bus.ask(RemoveSku(id=product_id, sku=sku)))


@patch("/products/{product_id:str}/skus/{sku:str}", dto=Strict[SkuChange], return_dto=None, summary="Rename one SKU")
async def rename_sku(
    edge: Wired, product_id: FromPath[str], sku: FromPath[str], data: JSONBody[SkuChange]
) -> ProductDetail:
    """Its units come along, if none are held or promised. Carts and orders keep the old name."""
    answer = await rename(edge.bus, product_id, sku, data.sku)
    if isinstance(answer, UnitsInUse):
        raise _in_use(answer)
    return await _product(edge, answer)


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


async def _product(edge: Edge, answer: Product | NoSuchProduct | ProductExists | NoSuchSku | LastSku) -> ProductDetail:
    match answer:
        case Product():
            return await detail(edge, answer)
        case ProductExists():
            raise Problem(409, "product_exists", "Its id, slug or a SKU is taken.")
        case NoSuchProduct():
            raise not_found("product")
        case NoSuchSku():
            raise Problem(404, "unknown_sku", f"This product has no {answer.sku}.")
        case LastSku():
            raise Problem(409, "last_sku", f"{answer.sku} is the product's last SKU: remove the product instead.")


def _in_use(used: UnitsInUse) -> Problem:
    """Refuse a rename with the numbers, and what to do about it."""
    if used.assigned or used.held:
        detail = (
            f"{used.assigned} units of {used.sku} are sold and not gone, {used.held} are held for carts and payments;"
            " it can be renamed when they are gone."
        )
    else:
        detail = (
            f"{used.on_hand} units are counted under {used.sku} already, by an earlier product. If they are not there"
            f" besides, set the stock of {used.sku} to 0 and rename again."
        )
    return Problem(
        409, "sku_in_use", detail, sku=used.sku, on_hand=used.on_hand, assigned=used.assigned, held=used.held
    )


def _stock(count: StockCount) -> StockView:
    return StockView(
        sku=count.sku,
        on_hand=count.on_hand,
        assigned=count.assigned,
        held=count.held,
        available=count.on_hand - count.assigned - count.held,
        version=count.version,
    )
