"""The shop itself: its configuration, its health, and live stock without websockets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import msgspec
from litestar import Response, get
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from bus.messages.base import SkuName
from bus.messages.catalog import ListCategories
from gateway.address_forms import Field, FieldName, address_form
from gateway.api.bodies import View
from gateway.api.health import ALIVE, Health, readiness
from gateway.brand import notices_of
from gateway.buyers import COUNTRIES
from gateway.context import Http, Injected, client_address
from gateway.live import LiveRefusal
from gateway.problems import Problem, not_found, too_many
from gateway.settings import is_address

_FULL_WAIT_S = 5.0


class StripeConfig(View, frozen=True, kw_only=True):
    """The settings of Stripe.js."""

    publishable_key: str
    api_base: str


class NoticeView(View, frozen=True, kw_only=True):
    """A notice of the shop about itself: at an address, or as a text."""

    title: str
    url: str | None
    text: str | None


class Config(View, frozen=True, kw_only=True):
    """The configuration that a client needs. `cart_hold_s` is how long a cart holds its units."""

    live_url: str
    currency: str
    stripe: StripeConfig
    categories: Sequence[str]
    cart_hold_s: float
    tax_note: str
    notices: Sequence[NoticeView]
    countries: Sequence[str]
    locale: str


class AddressChoice(View, frozen=True, kw_only=True):
    """A region, as it is sent and as people read it."""

    value: str
    title: str


class AddressField(View, frozen=True, kw_only=True):
    """A field of an address. `choices` is empty where any text will do; `title` is in English."""

    name: FieldName
    title: str
    needed: bool
    example: str
    choices: Sequence[AddressChoice]


class AddressForm(View, frozen=True, kw_only=True):
    """The fields of a country's addresses, in its order."""

    country: str
    fields: Sequence[AddressField]


_NOT_READY = ResponseSpec(Health, description="A check fails.")


@get("/config", summary="Read the configuration")
async def config(context: Injected) -> Config:
    """Read the addresses, public keys, categories and currency that a client needs.

    `countries` are those whose addresses checkout knows; `locale` is the shop's language.
    `live_url` is relative to the shop's address, unless SHOPFLOW_PUBLIC_URL names that.
    """
    categories = await context.bus.ask(ListCategories())
    brand = (await context.brand.read()).brand
    return Config(
        live_url=f"{context.public_url.replace('http', 'ws', 1)}/live",
        currency=context.currency,
        stripe=StripeConfig(publishable_key=context.stripe_publishable_key, api_base=context.stripe_api_base),
        categories=categories.names,
        cart_hold_s=context.cart_hold_s,
        tax_note=brand.tax_note,
        notices=[_notice(title, given) for title, given in notices_of(brand).items() if given],
        countries=COUNTRIES,
        locale=context.language,
    )


@get("/address-forms/{country:str}", summary="Read the form of an address", refuses=["not_found"])
async def get_address_form(country: FromPath[str]) -> AddressForm:
    """Read which fields the addresses of a country have, and in which order. It is named by ISO 3166-1 alpha-2."""
    fields = address_form(country)
    if fields is None:
        raise not_found("country")
    return AddressForm(country=country, fields=[_field(field) for field in fields])


@get("/live/events", summary="Stream live stock", media_type="text/event-stream", refuses=["too_many_skus", "busy"])
async def live_events(context: Injected, request: Http, skus: FromQuery[str] = "") -> Stream:
    """Stream the messages of `/live` as server-sent events, for clients without websockets. Commas separate SKUs."""
    try:
        wanted = msgspec.convert([sku for sku in skus.split(",") if sku], list[SkuName])
        messages = context.hub.subscribe_events(wanted, address=client_address(request))
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid", f"skus: {error}") from error
    except LiveRefusal as refused:
        if refused.code == "too_many_requests":
            raise too_many(_FULL_WAIT_S, refused.detail) from refused
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
    return ALIVE


@get("/health/ready", summary="Check readiness", responses={503: _NOT_READY})
async def ready(context: Injected) -> Response[Health]:
    """Answer 503 while PostgreSQL or Redis does not answer, or can't write."""
    return await readiness(context.database, context.redis)


def _field(field: Field) -> AddressField:
    choices = [AddressChoice(value=each.value, title=each.title) for each in field.choices]
    return AddressField(
        name=field.name, title=field.title, needed=field.is_needed, example=field.example, choices=choices
    )


def _notice(title: str, given: str) -> NoticeView:
    is_url = is_address(given)
    return NoticeView(title=title, url=given if is_url else None, text=None if is_url else given)


PUBLIC: list[ControllerRouterHandler] = [config, get_address_form, live_events, live, ready]
