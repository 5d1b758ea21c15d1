"""The HTTP application: routes, middleware, errors and documents in one place."""

from functools import cache

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.api import ROUTES
from gateway.api.costs import COSTS
from gateway.context import GatewayContext, context_of_request, put_context
from gateway.headers import with_headers
from gateway.idempotency import MAX_BODY_BYTES, Idempotent
from gateway.limits import with_limits
from gateway.options import name_all_methods
from gateway.paths import with_one_spelling
from gateway.problems import HANDLERS, refuse_nul

_DESCRIPTION = """\
Carts, orders and stock of one shop. Money is in minor units (1999 is 19.99 EUR), times are UTC, ids are opaque.
Errors are problem documents (RFC 9457) with a stable `code`. Unsafe calls take an `Idempotency-Key`."""


def make_app(context: GatewayContext) -> ASGIApp:
    """Make the application over a context. Each request carries its own, so that routes are made once per process.

    Making the routes takes a fifth of a second, which tests would otherwise wait for with each shop they open.
    """
    routes = _routes()

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        put_context(scope, context)
        await routes(scope, receive, send)

    limited = with_limits(with_one_spelling(serve), context.guard, COSTS)
    return with_headers(limited, is_https=context.public_url.startswith("https://"))


@cache
def _routes() -> Litestar:
    return Litestar(
        ROUTES,
        dependencies={"context": Provide(context_of_request, sync_to_thread=False)},
        middleware=[Idempotent],
        before_request=refuse_nul,
        before_send=[name_all_methods],
        exception_handlers=HANDLERS,
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=OpenAPIConfig(
            title="ShopFlow",
            version="1",
            description=_DESCRIPTION,
            use_handler_docstrings=True,
            components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
            path="/schema",
            render_plugins=(),
        ),
        logging_config=None,
    )


def description() -> dict[str, object]:
    """Return the API's description, as /openapi.json has it."""
    schema: dict[str, object] = _routes().openapi_schema.to_schema()
    return schema
