"""The admin portal. A domain brings its screens as its own file here: a `PART`, which stands in this list."""

from collections.abc import Sequence
from typing import Final

from litestar import Router

from gateway.pages.admin import (
    acts,
    audit,
    customers,
    find,
    flow,
    inventory,
    letters,
    money,
    order,
    order_steps,
    orders,
    picking,
    printing,
    signing_in,
    today,
)
from gateway.pages.admin.screens import SCREENS, Part
from gateway.pages.errors import STAFF_HANDLERS

PARTS: Final[Sequence[Part]] = (
    today.PART,
    orders.PART,
    picking.PART,
    printing.PART,
    inventory.PART,
    order.PART,
    order_steps.PART,
    money.PART,
    find.PART,
    customers.PART,
    acts.PART,
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
