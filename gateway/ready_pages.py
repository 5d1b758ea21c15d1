"""Pages of products that are ready in this process, answered before any route: what the route answers, word for word.

A page of a product is what a shop is asked for most, and the framework's way to a handler costs several times what
there is to do. Whatever is not ready, or has a query, or is not there, goes to the route (gateway/api/catalog/).
"""

from typing import Final

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.answers import answer_messages
from gateway.api.catalog.languages import locales
from gateway.api.catalog.products import page_headers
from gateway.context import GatewayContext

_BEGIN: Final = "/products"


def with_ready_pages(app: ASGIApp, context: GatewayContext) -> ASGIApp:
    """Wrap an application so that it is not asked for pages that are ready."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        name = _name(scope)
        ready = _ready(scope, context, name) if name else None
        if ready is None:
            await app(scope, receive, send)
            return
        body, headers = ready
        for message in answer_messages(200, body, headers):
            await send(message)

    return serve


def _name(scope: Scope) -> str:
    """Return the id or slug whose page is asked for, and nothing else; "" if it is not."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != "GET" or scope["query_string"]:
        return ""
    begin, _, name = scope["path"].rpartition("/")
    return name if begin == _BEGIN else ""


def _ready(scope: Scope, context: GatewayContext, name: str) -> tuple[bytes, list[tuple[bytes, bytes]]] | None:
    """Make the answer for a product, if all of it is in this process."""
    view = context.views.ready(name)
    levels = context.updates.live_levels.ready(view.counted) if view is not None else None
    if view is None or levels is None:
        return None
    if view.translations:
        view = view.in_language(locales(context, "", Headers.from_scope(scope).get("accept-language", "")))
    headers = [(key.lower().encode(), value.encode()) for key, value in page_headers(context, view, levels).items()]
    return view.page_with(levels), [(b"content-type", b"application/json"), *headers]
