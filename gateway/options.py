"""OPTIONS names every method of a path. Source: RFC 9110, 9.3.7.

Litestar makes the answer when a path's first handler is registered, and keeps it when others of the same path follow.
"""

from litestar.routes import HTTPRoute
from litestar.types import Message, Scope


async def name_all_methods(message: Message, scope: Scope) -> None:
    """Correct the Allow header of an answer to OPTIONS. A hook for `Litestar(before_send=...)`."""
    if message["type"] != "http.response.start" or scope.get("method") != "OPTIONS":
        return
    template = scope.get("path_template", "")
    routes = [route for route in scope["litestar_app"].routes if isinstance(route, HTTPRoute)]
    methods = {method for route in routes if route.path_format == template for method in route.methods}
    if methods:
        others = [header for header in message["headers"] if header[0].lower() != b"allow"]
        message["headers"] = [*others, (b"allow", ", ".join(sorted(methods)).encode())]
