"""The first start: five steps until the shop can sell. What is missing is computed, and nobody ticks it off."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec
from litestar import Response, get, post

from gateway.api.branding import BrandingView
from gateway.api.catalog.edits import EditedList
from gateway.api.imports import ImportList, ImportView
from gateway.api.settings import SettingList
from gateway.api.shipping import MethodList
from gateway.api.shop import Config
from gateway.context import Http, context_of
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.admin.settings import BRANDING, METHODS
from gateway.pages.forms import own_forms_only, see
from gateway.pages.inside import ask

_SAMPLE: Final = "sample.csv"  # The name under which `serve` imports sample goods.
_NOTICES: Final = ("imprint", "terms", "returns", "privacy", "contact")


class PaymentMode(msgspec.Struct, frozen=True, kw_only=True):
    """How the shop takes money: `sandbox`, `test` or `live`; and settings that are missing for it."""

    mode: str
    missing: Sequence[str]


class FirstStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step, and what is missing: names of the template's words."""

    name: str
    missing: Sequence[str]


@get("/admin/start", include_in_schema=False)
async def start(request: Http) -> Response[bytes]:
    """Show the five steps."""
    branding = (await ask(request, "GET", BRANDING)).read(BrandingView)
    products = (await ask(request, "GET", "/admin/api/products", query="limit=1&status=active")).read(EditedList)
    methods = (await ask(request, "GET", METHODS)).read(MethodList).items
    sample = await _sample(request)
    payment = await _payment(request)
    currency = context_of(request.scope).currency
    priced = any(price.price.currency == currency for method in methods for price in method.prices)
    looks = {"name": bool(branding.own.name), "logo": branding.logo is not None}
    goods = {"goods": bool(products.items), "sample": sample is None}
    steps = [
        FirstStep(name="looks", missing=[name for name, is_there in looks.items() if not is_there]),
        FirstStep(name="goods", missing=[name for name, is_there in goods.items() if not is_there]),
        FirstStep(name="shipping", missing=[] if priced else ["price"]),
        FirstStep(name="payment", missing=[*(["live"] if payment.mode != "live" else []), *payment.missing]),
        FirstStep(name="notices", missing=[name for name in _NOTICES if not getattr(branding.shown, name)]),
    ]
    return await screen(
        request, "start.html", steps=steps, payment=payment, methods=methods, currency=currency, sample=sample
    )


async def _payment(request: Http) -> PaymentMode:
    stripe = (await ask(request, "GET", "/config")).read(Config).stripe
    settings = {
        each.name: each.value for each in (await ask(request, "GET", "/admin/api/settings")).read(SettingList).items
    }
    if not stripe.api_base.startswith("https://api.stripe.com"):
        return PaymentMode(
            mode="sandbox", missing=["STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET"]
        )
    missing = [] if settings.get("STRIPE_WEBHOOK_SECRET") else ["STRIPE_WEBHOOK_SECRET"]
    return PaymentMode(mode="live" if "_live_" in stripe.publishable_key else "test", missing=missing)


async def _sample(request: Http) -> ImportView | None:
    """Return the import of the sample goods, if they are still there."""
    imports = (await ask(request, "GET", "/admin/api/imports", query="limit=100")).read(ImportList).items
    return next((each for each in imports if each.name == _SAMPLE and each.state == "done" and not each.dry_run), None)


@post("/admin/start/remove-sample", include_in_schema=False, guards=[own_forms_only])
async def remove_sample(request: Http) -> Response[bytes]:
    """Remove the sample goods: their import is undone. What somebody has changed since stays."""
    sample = await _sample(request)
    if sample is not None:
        await ask(request, "POST", f"/admin/api/imports/{quote(sample.id)}/undo")
        return see(f"/admin/imports/{quote(sample.id)}")
    return see("/admin/start")


PART = PortalPart(
    screens=[Screen(path="/admin/start", title="First steps", group="shop", key="read_settings")],
    routes=[start, remove_sample],
)
