"""The admin portal. A domain brings its screens as its own file here: a `PART`, which stands in this list."""

from collections.abc import Sequence
from typing import Final

from litestar import Router

from gateway.pages.admin import (
    account,
    acts,
    attributes,
    audit,
    collections,
    customers,
    find,
    flow,
    imports,
    inventory,
    kinds,
    letters,
    money,
    order,
    order_steps,
    orders,
    picking,
    printing,
    product,
    product_inputs,
    product_pictures,
    products,
    refund_lines,
    searching,
    settings,
    signing_in,
    staff,
    start,
    taxonomy,
    today,
)
from gateway.pages.admin.screens import SCREENS, PortalPart
from gateway.pages.errors import STAFF_HANDLERS

PARTS: Final[Sequence[PortalPart]] = (
    today.PART,
    orders.PART,
    order.PART,
    order_steps.PART,
    refund_lines.PART,
    picking.PART,
    printing.PART,
    products.PART,
    product.PART,
    product_pictures.PART,
    product_inputs.PART,
    inventory.PART,
    taxonomy.PART,
    collections.PART,
    attributes.PART,
    kinds.PART,
    searching.PART,
    imports.PART,
    customers.PART,
    money.PART,
    acts.PART,
    start.PART,
    settings.PART,
    staff.PART,
    account.PART,
    find.PART,
    audit.PART,
    letters.PART,
    flow.PART,
    signing_in.PART,
)

STAFF: Final = Router(
    "/",
    exception_handlers=STAFF_HANDLERS,
    opt={SCREENS: [screen for part in PARTS for screen in part.screens]},
    route_handlers=[route for part in PARTS for route in part.routes],
)
