"""The admin portal. A domain brings its screens as its own file here: a `PART`, which stands in this list."""

from collections.abc import Sequence
from typing import Final

from litestar import Router

from gateway.pages.admin import orders, product, product_pictures, products, signing_in
from gateway.pages.admin.screens import SCREENS, Part
from gateway.pages.errors import STAFF_HANDLERS

PARTS: Final[Sequence[Part]] = (orders.PART, products.PART, product.PART, product_pictures.PART, signing_in.PART)

STAFF: Final = Router(
    "/",
    exception_handlers=STAFF_HANDLERS,
    opt={SCREENS: [screen for part in PARTS for screen in part.screens]},
    route_handlers=[route for part in PARTS for route in part.routes],
)
