"""The catalog: products browsed by buyers, changed by staff, and the ways that lead to them."""

from litestar.types import ControllerRouterHandler

from gateway.api.catalog import (
    categories,
    collections,
    definitions,
    edits,
    feeds,
    few,
    levels,
    planned,
    products,
    redirects,
    translations,
    wordings,
)

PUBLIC: list[ControllerRouterHandler] = [
    *products.PUBLIC,
    *levels.PUBLIC,
    *few.PUBLIC,
    *definitions.PUBLIC,
    *categories.PUBLIC,
    *collections.PUBLIC,
    *feeds.PUBLIC,
]
STAFF: list[ControllerRouterHandler] = [
    *edits.STAFF,
    *definitions.STAFF,
    *categories.STAFF,
    *collections.STAFF,
    *redirects.STAFF,
    *translations.STAFF,
    *wordings.STAFF,
    *planned.STAFF,
]

__all__ = ["PUBLIC", "STAFF"]
