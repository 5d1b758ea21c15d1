"""The HTTP application: routes, middleware, errors and documents in one place."""

from collections.abc import Sequence
from functools import cache

from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway import openapi, pages
from gateway.access import member
from gateway.acts import note_answer
from gateway.api import ROUTES
from gateway.api.costs import COSTS
from gateway.context import GatewayContext, context_of_request, put_context
from gateway.cors import with_cors
from gateway.customers import current_customer
from gateway.headers import headers_of_all, with_headers
from gateway.heads import with_head
from gateway.idempotency import MAX_BODY_BYTES, Idempotent, required_claim
from gateway.limits import with_limits
from gateway.missing import with_missing_page
from gateway.options import name_all_methods
from gateway.paths import with_one_spelling
from gateway.problems import HANDLERS
from gateway.queries import check_query
from gateway.ready_pages import with_ready_pages
from gateway.redirects import with_redirects
from gateway.revalidation import with_revalidation
from gateway.security_log import note_changes


def make_app(context: GatewayContext, *, origins: Sequence[str] = ()) -> ASGIApp:
    """Make the application over a context. Each request carries its own, so that routes are made once per process.

    Making the routes takes a fifth of a second, which tests would otherwise wait for with each shop they open.

    Args:
        context: The services behind the routes.
        origins: Other origins whose pages may use the API.
    """
    routes = _routes()

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        put_context(scope, context)
        await routes(scope, receive, send)

    found = with_one_spelling(with_ready_pages(serve, context))
    limited = with_limits(with_missing_page(with_redirects(found, context), context), context.guard, COSTS)
    is_https = context.public_url.startswith("https://")
    app = with_head(with_revalidation(with_headers(limited, is_https=is_https)))
    return with_cors(app, origins, headers_of_all(is_https=is_https))


@cache
def _routes() -> Litestar:
    return Litestar(
        [*ROUTES, *pages.ROUTES],
        dependencies={
            "context": Provide(context_of_request, sync_to_thread=False),
            "customer": Provide(current_customer, sync_to_thread=False),
            "staff": Provide(member, sync_to_thread=False),
            "claim": Provide(required_claim, sync_to_thread=False),
        },
        middleware=[Idempotent],
        before_request=check_query,
        before_send=[name_all_methods, note_changes, note_answer],
        exception_handlers=HANDLERS,
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,  # The description is our own: gateway/openapi.py.
        logging_config=None,
    )


def handlers() -> list[HTTPRouteHandler]:
    """List the handlers of all routes, without those that the framework adds."""
    routes = (route for route in _routes().routes if isinstance(route, HTTPRoute))
    return [
        handler
        for route in routes
        for handler in route.route_handlers
        if not handler.fn.__module__.startswith("litestar.")
    ]


def description() -> dict[str, object]:
    """Return the API's description, as /openapi.json has it."""
    return openapi.describe(_routes())
