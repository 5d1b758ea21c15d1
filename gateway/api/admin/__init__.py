"""What staff do, under /admin/api, with a bearer token."""

from litestar import Router

from gateway.access import staff_only
from gateway.api.admin import audit, goods, operations, orders, shipping

router = Router(
    "/admin/api",
    guards=[staff_only],
    tags=["staff"],
    security=[{"bearer": []}],
    route_handlers=[
        goods.create_product,
        goods.change_product,
        goods.remove_product,
        goods.remove_sku,
        goods.rename_sku,
        goods.get_stock,
        goods.set_stock,
        orders.list_orders,
        orders.refund,
        orders.list_pick_lists,
        orders.open_list,
        orders.pick,
        orders.pack,
        orders.ship,
        shipping.list_methods,
        shipping.get_method,
        shipping.set_method,
        operations.dead_letters,
        operations.redrive,
        audit.audit,
        audit.repair,
        audit.stuck_money,
        audit.settle,
        audit.look_at_stripe,
        operations.sales,
        operations.actors,
    ],
)
