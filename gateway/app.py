"""The HTTP application: routes, middleware, errors and documents in one place."""

from functools import cache

from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway import openapi
from gateway.api import ROUTES
from gateway.context import GatewayContext, context_of_request, put_context
from gateway.headers import with_headers
from gateway.idempotency import MAX_BODY_BYTES, Idempotent, required_claim
from gateway.paths import with_one_spelling
from gateway.problems import HANDLERS
from gateway.queries import check_query


def make_app(context: GatewayContext) -> ASGIApp:
    """Make the application over a context. Each request carries its own, so that routes are made once per process.

    Making the routes takes a fifth of a second, which tests would otherwise wait for with each shop they open.
    """
    routes = _routes()

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        put_context(scope, context)
        await routes(scope, receive, send)

    return with_headers(with_one_spelling(serve), is_https=context.public_url.startswith("https://"))


@cache
def _routes() -> Litestar:
    return Litestar(
        ROUTES,
        dependencies={
            "context": Provide(context_of_request, sync_to_thread=False),
            "claim": Provide(required_claim, sync_to_thread=False),
        },
        middleware=[Idempotent],
        before_request=check_query,
        exception_handlers=HANDLERS,
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,  # The description is our own: gateway/openapi.py.
        logging_config=None,
    )


def description() -> dict[str, object]:
    """Return the API's description, as /openapi.json has it."""
    return openapi.describe(_routes())
