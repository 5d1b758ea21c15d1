"""The storefront: pages for buyers. Each is a whole page from the server; scripts add what is live."""

from litestar.types import ControllerRouterHandler

from gateway.pages.storefront import basket, browsing, checkout, order, product

PUBLIC: list[ControllerRouterHandler] = [
    *browsing.PUBLIC,
    *product.PUBLIC,
    *basket.PUBLIC,
    *checkout.PUBLIC,
    *order.PUBLIC,
]
