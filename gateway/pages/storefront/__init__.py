"""The storefront: pages for buyers. Each is a whole page from the server; scripts add what is live."""

from litestar.types import ControllerRouterHandler

from gateway.pages.storefront import basket, browsing, product

PUBLIC: list[ControllerRouterHandler] = [*browsing.PUBLIC, *product.PUBLIC, *basket.PUBLIC]
