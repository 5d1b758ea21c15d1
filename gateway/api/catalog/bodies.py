"""The bodies that write products."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from bus.messages.attributes import AttributeValue
from bus.messages.base import NAME, Instant, Line, Money, Quantity, SkuName
from bus.messages.catalog import (
    MOST_SKUS,
    MOST_WEIGHT_G,
    SLUG,
    ChangeProduct,
    Option,
    Product,
    SkuView,
    Status,
)
from bus.messages.inputs import INPUT_KEY, LONGEST_INPUT, MOST_INPUTS, Input
from bus.messages.parts import MOST_PARTS
from engine.patterns import whole
from gateway.api.bodies import Body, MoneyBody

Text = Annotated[str, msgspec.Meta(max_length=5000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Seo = Annotated[str, msgspec.Meta(max_length=500)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Values = Annotated[dict[str, AttributeValue], msgspec.Meta(max_length=200)]  # Of attributes, by key.
Categories = Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=700)]], msgspec.Meta(max_length=30)]
Slug = Annotated[str, msgspec.Meta(max_length=200), whole(SLUG)]


class PartBody(Body, frozen=True, kw_only=True):
    """A SKU that is part of a bundle, and its units in each."""

    sku: SkuName
    quantity: Quantity = 1


class SkuBody(Body, frozen=True, kw_only=True):
    """A SKU to write, with its price. `options` are its values of the product's options, in their order.

    With `parts` it is a bundle: it has no stock of its own, and weighs what they weigh.
    """

    sku: SkuName
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    price: MoneyBody
    weight_g: Annotated[int, msgspec.Meta(gt=0, le=MOST_WEIGHT_G)]
    options: Annotated[list[Short], msgspec.Meta(max_length=5)] = msgspec.field(default_factory=list)
    barcode: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    on_sale: bool = True
    attributes: Values = msgspec.field(default_factory=dict)
    parts: Annotated[list[PartBody], msgspec.Meta(max_length=MOST_PARTS)] = msgspec.field(default_factory=list)


class OptionBody(Body, frozen=True, kw_only=True):
    """An option to choose, with its values."""

    name: Short
    values: Annotated[list[Short], msgspec.Meta(min_length=1, max_length=250)]


class InputBody(Body, frozen=True, kw_only=True):
    """Something that buyers may or must tell with a product: a text, or one of several choices."""

    key: Annotated[str, whole(INPUT_KEY)]
    title: Short
    kind: Literal["text", "choice"] = "text"
    choices: Annotated[list[Short], msgspec.Meta(max_length=250)] = msgspec.field(default_factory=list)
    max_length: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_INPUT)] = 100
    surcharge: MoneyBody | None = None  # For each unit with it.
    required: bool = False


class WholeProductBody(Body, frozen=True, kw_only=True):
    """All of a product. Buyers see it while it is active, from `publish_at` until `unpublish_at`.

    `categories` are ids or paths, the main one first. Without them, or where only `category` is another than before,
    that says the main one: a title, a path, or a new category at the top.
    """

    slug: Slug
    title: Name
    category: Name
    description: Text = ""
    skus: Annotated[list[SkuBody], msgspec.Meta(min_length=1, max_length=MOST_SKUS)]
    status: Status = "active"
    publish_at: Instant | None = None
    unpublish_at: Instant | None = None
    brand: Annotated[str, msgspec.Meta(max_length=100)] = ""
    tags: Annotated[list[Short], msgspec.Meta(max_length=50)] = msgspec.field(default_factory=list)
    options: Annotated[list[OptionBody], msgspec.Meta(max_length=5)] = msgspec.field(default_factory=list)
    type_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    attributes: Values = msgspec.field(default_factory=dict)
    categories: Categories = msgspec.field(default_factory=list)
    seo_title: Seo = ""
    seo_description: Seo = ""
    inputs: Annotated[list[InputBody], msgspec.Meta(max_length=MOST_INPUTS)] = msgspec.field(default_factory=list)


class ProductBody(WholeProductBody, frozen=True, kw_only=True):
    """A new product."""

    id: Annotated[str, whole(NAME)]


class ProductChange(Body, frozen=True, kw_only=True):
    """The changes to a product. Given SKUs are written, others stay. A time is taken away by its name in `clear`.

    Given `attributes` are all that it has from then on.
    """

    slug: Slug | None = None
    title: Name | None = None
    category: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    description: Text | None = None
    skus: Annotated[list[SkuBody], msgspec.Meta(min_length=1, max_length=MOST_SKUS)] | None = None
    status: Status | None = None
    publish_at: Instant | None = None
    unpublish_at: Instant | None = None
    brand: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    tags: Annotated[list[Short], msgspec.Meta(max_length=50)] | None = None
    options: Annotated[list[OptionBody], msgspec.Meta(max_length=5)] | None = None
    type_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    attributes: Values | None = None
    categories: Categories | None = None
    seo_title: Seo | None = None
    seo_description: Seo | None = None
    inputs: Annotated[list[InputBody], msgspec.Meta(max_length=MOST_INPUTS)] | None = None
    clear: Annotated[list[Literal["publish_at", "unpublish_at"]], msgspec.Meta(max_length=2)] = msgspec.field(
        default_factory=list
    )


def whole_product(product_id: str, body: WholeProductBody) -> Product:
    """Return the product that a body describes."""
    return Product(
        id=product_id,
        slug=body.slug,
        title=body.title,
        category=body.category,
        description=body.description,
        skus=skus_of(body.skus),
        status=body.status,
        publish_at=body.publish_at,
        unpublish_at=body.unpublish_at,
        brand=body.brand,
        tags=tuple(body.tags),
        options=options_of(body.options),
        inputs=inputs_of(body.inputs),
        type_id=body.type_id,
        attributes=body.attributes,
        categories=tuple(body.categories),
        seo_title=body.seo_title,
        seo_description=body.seo_description,
    )


def change_of(product_id: str, body: ProductChange, by: str, expected: int | None = None) -> ChangeProduct:
    """Return the change that a body describes."""
    return ChangeProduct(
        id=product_id,
        slug=body.slug,
        title=body.title,
        category=body.category,
        description=body.description,
        skus=None if body.skus is None else skus_of(body.skus),
        expected=expected,
        by=by,
        status=body.status,
        publish_at=body.publish_at,
        unpublish_at=body.unpublish_at,
        brand=body.brand,
        tags=None if body.tags is None else tuple(body.tags),
        options=None if body.options is None else options_of(body.options),
        inputs=None if body.inputs is None else inputs_of(body.inputs),
        cleared=tuple(body.clear),
        type_id=body.type_id,
        attributes=body.attributes,
        categories=None if body.categories is None else tuple(body.categories),
        seo_title=body.seo_title,
        seo_description=body.seo_description,
    )


def options_of(bodies: Sequence[OptionBody]) -> tuple[Option, ...]:
    """Return the options that bodies describe."""
    return tuple(Option(name=body.name, values=tuple(body.values)) for body in bodies)


def inputs_of(bodies: Sequence[InputBody]) -> tuple[Input, ...]:
    """Return the inputs that bodies describe."""
    return tuple(
        Input(
            key=body.key,
            title=body.title,
            kind=body.kind,
            choices=tuple(body.choices),
            max_length=body.max_length,
            surcharge=Money(amount=body.surcharge.amount, currency=body.surcharge.currency) if body.surcharge else None,
            is_required=body.required,
        )
        for body in bodies
    )


def skus_of(bodies: Sequence[SkuBody]) -> tuple[SkuView, ...]:
    """Return the SKUs that bodies describe."""
    return tuple(
        SkuView(
            sku=body.sku,
            title=body.title,
            price=Money(amount=body.price.amount, currency=body.price.currency),
            weight_g=body.weight_g,
            options=tuple(body.options),
            barcode=body.barcode or None,
            is_on_sale=body.on_sale,
            attributes=body.attributes,
            parts=tuple(Line(sku=part.sku, quantity=part.quantity) for part in body.parts),
        )
        for body in bodies
    )
