"""Five steps until a new shop sells, and what each still lacks: computed, so that nobody has to tick anything off.

Its screen is start.py; Today shows the same, as long as nothing was ordered. Whoever may not read what a step is about
is not shown it.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from gateway.api.branding import BrandingView
from gateway.api.catalog.edits import EditedList
from gateway.api.imports import ImportList, ImportView
from gateway.api.settings import SettingList
from gateway.api.shipping import MethodList
from gateway.api.shop import Config
from gateway.context import Http, context_of
from gateway.pages.admin.screens import read_if_allowed
from gateway.pages.admin.settings import BRANDING, METHODS
from gateway.pages.inside import ask

StepName: TypeAlias = Literal["looks", "goods", "shipping", "payment", "notices"]

_SAMPLE: Final = "sample.csv"  # The name under which `serve` imports sample goods.
_NOTICES: Final = ("imprint", "terms", "returns", "privacy", "contact")
_WEBHOOK: Final = "STRIPE_WEBHOOK_SECRET"


class PaymentMode(msgspec.Struct, frozen=True, kw_only=True):
    """How the shop takes money: `sandbox`, `test` or `live`; and settings that are missing for it."""

    mode: Literal["sandbox", "test", "live"]
    missing: Sequence[str]


class FirstStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step, and what is missing: names of the template's words, or of settings."""

    name: StepName
    missing: Sequence[str]


class FirstSteps(msgspec.Struct, frozen=True, kw_only=True):
    """The steps in their order, how the shop takes money, and the import of the sample goods that are still there."""

    steps: Sequence[FirstStep]
    payment: PaymentMode | None
    sample: ImportView | None


async def first_steps(request: Http) -> FirstSteps:
    """Find what the shop lacks, as far as whoever asks may know it."""
    branding, goods, methods, settings, imports = await asyncio.gather(
        read_if_allowed(request, BRANDING, BrandingView),
        read_if_allowed(request, "/admin/api/products", EditedList, "limit=1&status=active"),
        read_if_allowed(request, METHODS, MethodList),
        read_if_allowed(request, "/admin/api/settings", SettingList),
        read_if_allowed(request, "/admin/api/imports", ImportList, "limit=100"),
    )
    payment = await _payment(request, settings) if settings else None
    sample = sample_of(imports) if imports else None
    steps = list[FirstStep]()
    if branding:
        steps.append(_step("looks", name=bool(branding.own.name), logo=branding.logo is not None))
    if goods:
        steps.append(_step("goods", goods=bool(goods.items), sample=sample is None))
    if methods:
        steps.append(_step("shipping", price=_is_priced(methods, context_of(request.scope).currency)))
    if payment:
        steps.append(_step("payment", live=payment.mode == "live", **dict.fromkeys(payment.missing, False)))
    if branding:
        steps.append(_step("notices", **{name: bool(getattr(branding.shown, name)) for name in _NOTICES}))
    return FirstSteps(steps=steps, payment=payment, sample=sample)


async def read_sample(request: Http) -> ImportView | None:
    """Read the import of the sample goods, if they are still there."""
    return sample_of((await ask(request, "GET", "/admin/api/imports", query="limit=100")).read(ImportList))


def sample_of(imports: ImportList) -> ImportView | None:
    """Find the import of the sample goods, if they are still there."""
    items = imports.items
    return next((each for each in items if each.name == _SAMPLE and each.state == "done" and not each.dry_run), None)


def _step(name: StepName, /, **is_there: bool) -> FirstStep:
    return FirstStep(name=name, missing=[each for each, there in is_there.items() if not there])


def _is_priced(methods: MethodList, currency: str) -> bool:
    """Whether something can be shipped at a price in the shop's currency."""
    return any(price.price.currency == currency for method in methods.items for price in method.prices)


async def _payment(request: Http, settings: SettingList) -> PaymentMode:
    stripe = (await ask(request, "GET", "/config")).read(Config).stripe
    if not stripe.api_base.startswith("https://api.stripe.com"):
        return PaymentMode(mode="sandbox", missing=["STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", _WEBHOOK])
    known = {each.name: each.value for each in settings.items}
    mode: Literal["test", "live"] = "live" if "_live_" in stripe.publishable_key else "test"
    return PaymentMode(mode=mode, missing=[] if known.get(_WEBHOOK) else [_WEBHOOK])
