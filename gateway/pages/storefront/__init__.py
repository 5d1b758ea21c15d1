"""The storefront: pages for buyers. Each is a whole page from the server; scripts add what is live."""

from litestar.types import ControllerRouterHandler

from gateway.pages.storefront import about, basket, browsing, checkout, home, order, product

PUBLIC: list[ControllerRouterHandler] = [
    *home.PUBLIC,
    *browsing.PUBLIC,
    *product.PUBLIC,
    *basket.PUBLIC,
    *about.PUBLIC,
    *checkout.PUBLIC,
    *order.PUBLIC,
]
