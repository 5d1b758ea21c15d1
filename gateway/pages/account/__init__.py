"""A customer's account: ways in, and what is theirs once they are."""

from typing import Final

from litestar import Router

from gateway.pages.account import entering, mailed_links, orders, own_data, privacy, safety
from gateway.pages.errors import CUSTOMER_HANDLERS

ACCOUNT: Final = Router(
    "/",
    exception_handlers=CUSTOMER_HANDLERS,
    route_handlers=[
        *entering.ROUTES,
        *mailed_links.ROUTES,
        *orders.ROUTES,
        *own_data.ROUTES,
        *safety.ROUTES,
        *privacy.ROUTES,
    ],
)
