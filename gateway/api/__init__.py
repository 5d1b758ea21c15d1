"""The HTTP routes, a file per domain. Each turns a request into a message, and its answer into JSON.

A domain's file ends with its lists of routes: `PUBLIC`, without a token, and `STAFF`, under /admin/api with a bearer
token. A new domain adds one line here for each list it has.
"""

from litestar import Router
from litestar.types import ControllerRouterHandler

from gateway import openapi, webhooks
from gateway.access import staff_only
from gateway.api import (
    analytics,
    approvals,
    audit,
    branding,
    bulk,
    cart,
    catalog,
    customer,
    docs,
    flow,
    imports,
    inventory,
    media,
    operations,
    order,
    order_desk,
    order_flow,
    order_mails,
    order_notes,
    paying,
    payment,
    people,
    reorder,
    search,
    settings,
    shipping,
    shop,
    staff,
    staff_me,
    staff_sessions,
    staff_views,
    stock_list,
    uploads,
    warehouse,
)

PUBLIC: list[ControllerRouterHandler] = [
    *catalog.PUBLIC,
    *search.PUBLIC,
    *cart.PUBLIC,
    *order.PUBLIC,
    *shipping.PUBLIC,
    *reorder.PUBLIC,
    *paying.PUBLIC,
    *webhooks.PUBLIC,
    *shop.PUBLIC,
    *docs.PUBLIC,
    *media.PUBLIC,
    *customer.PUBLIC,
]

STAFF: list[ControllerRouterHandler] = [
    *catalog.STAFF,
    *search.STAFF,
    *imports.STAFF,
    *inventory.STAFF,
    *stock_list.STAFF,
    *media.STAFF,
    *uploads.STAFF,
    *order.STAFF,
    *order_desk.STAFF,
    *order_flow.STAFF,
    *order_mails.STAFF,
    *order_notes.STAFF,
    *bulk.STAFF,
    *payment.STAFF,
    *warehouse.STAFF,
    *shipping.STAFF,
    *audit.STAFF,
    *analytics.STAFF,
    *operations.STAFF,
    *flow.STAFF,
    *staff.STAFF,
    *staff_me.STAFF,
    *staff_views.STAFF,
    *approvals.STAFF,
    *branding.STAFF,
    *settings.STAFF,
    *people.STAFF,
]

ROUTES: list[ControllerRouterHandler] = [
    *PUBLIC,
    Router("/admin/api", guards=[staff_only], tags=["staff"], route_handlers=staff_sessions.ENTRY),
    Router("/admin/api", guards=[staff_only], tags=["staff"], security=[openapi.STAFF], route_handlers=STAFF),
]
