"""The pages that people see: the storefront, and the shop's own side for its staff. HTML from the server.

A page asks the shop's API (inside.py) and renders a template (render.py). Everything works without scripts, up to the
card's number; a script adds what is live. docs/pages.md says how they fit together.
"""

from litestar import Router
from litestar.types import ControllerRouterHandler

from gateway.pages import admin, assets, storefront, theme
from gateway.pages.account import ACCOUNT
from gateway.pages.errors import HANDLERS

ROUTES: list[ControllerRouterHandler] = [
    assets.static,
    theme.theme,
    Router("/", exception_handlers=HANDLERS, route_handlers=storefront.PUBLIC),
    ACCOUNT,
    admin.STAFF,
]
