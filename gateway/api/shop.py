"""The shop itself: its page, its configuration, its health, and live stock without websockets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import anyio
import msgspec
from litestar import MediaType, Response, get
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery
from litestar.response import Stream
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bus.messages.base import SkuName
from bus.messages.catalog import ListCategories
from engine.errors import ShopFlowError
from engine.services import redis_errors
from gateway.api.bodies import View
from gateway.context import GatewayContext, Injected
from gateway.live import LiveRefusal
from gateway.problems import Problem

_PAGES = Path(__file__).parent.parent / "pages"
_PROBE_S = 2.0

static = create_static_files_router(
    "/static", [_PAGES], send_as_attachment=False, cache_control=None, include_in_schema=False
)


class StripeConfig(View, frozen=True, kw_only=True):
    """The settings of Stripe.js."""

    publishable_key: str
    api_base: str


class Config(View, frozen=True, kw_only=True):
    """The configuration that a client needs."""

    live_url: str
    currency: str
    stripe: StripeConfig
    categories: Sequence[str]


class Health(View, frozen=True, kw_only=True):
    """Whether this part works."""

    status: str
    checks: dict[str, str]


_NOT_READY = ResponseSpec(Health, description="A check fails.")


@get(["/", "/basket", "/checkout", "/search", "/p/{slug:str}", "/order/{order:str}"], include_in_schema=False)
async def page(context: Injected) -> Response[bytes]:
    """Serve the one page; its script reads the address."""
    content = await anyio.Path(_PAGES / "index.html").read_bytes()
    live = context.public_url.replace("http", "ws", 1)
    policy = (
        f"default-src 'self'; connect-src 'self' {context.stripe_api_base} {live}; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return Response(content, media_type=MediaType.HTML, headers=headers)


@get("/config", summary="Read the configuration")
async def config(context: Injected) -> Config:
    """Read the addresses, public keys, categories and currency that a client needs.

    `live_url` is relative to the shop's address, unless SHOPFLOW_PUBLIC_URL names that.
    """
    categories = await context.bus.ask(ListCategories())
    return Config(
        live_url=f"{context.public_url.replace('http', 'ws', 1)}/live",
        currency=context.currency,
        stripe=StripeConfig(publishable_key=context.stripe_publishable_key, api_base=context.stripe_api_base),
        categories=categories.names,
    )


@get("/live/events", summary="Stream live stock", media_type="text/event-stream", refuses=["too_many_skus", "busy"])
async def live_events(context: Injected, skus: FromQuery[str] = "") -> Stream:
    """Stream the messages of `/live` as server-sent events, for clients without websockets. Commas separate SKUs."""
    try:
        wanted = msgspec.convert([sku for sku in skus.split(",") if sku], list[SkuName])
        messages = context.hub.subscribe_events(wanted)
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid", f"skus: {error}") from error
    except LiveRefusal as refused:
        raise Problem(503 if refused.code == "busy" else 422, refused.code, refused.detail) from refused

    async def frames() -> AsyncIterator[bytes]:
        async with aclosing(messages):
            async for message in messages:
                yield b"data: " + message + b"\n\n" if message else b": still here\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(frames(), media_type="text/event-stream", headers=headers)


@get("/health/live", summary="Check liveness")
async def live() -> Health:
    """Answer 200 as long as the process is alive."""
    return Health(status="ok", checks={})


@get("/health/ready", summary="Check readiness", responses={503: _NOT_READY})
async def ready(context: Injected) -> Response[Health]:
    """Answer 503 while PostgreSQL or Redis does not answer, or can't write."""
    checks = {"postgresql": "away", "redis": "away"}
    with anyio.move_on_after(_PROBE_S):
        checks["postgresql"] = await _postgres(context)
    with anyio.move_on_after(_PROBE_S):
        checks["redis"] = await _redis(context)
    is_ready = set(checks.values()) == {"ok"}
    health = Health(status="ok" if is_ready else "unavailable", checks=checks)
    return Response(health, status_code=200 if is_ready else 503)


@get("/metrics", summary="Read metrics", media_type=MediaType.TEXT, sync_to_thread=False)
def metrics() -> Response[bytes]:
    """Read this process's counters, gauges and histograms, as Prometheus scrapes them."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _postgres(context: GatewayContext) -> str:
    try:
        await context.database.check()
    except ShopFlowError:
        return "away"
    return "ok"


async def _redis(context: GatewayContext) -> str:
    try:
        with redis_errors():
            await context.redis.ping()
    except ShopFlowError:
        return "away"
    return "ok"


PUBLIC: list[ControllerRouterHandler] = [config, live_events, live, ready, metrics, page, static]
