"""Control of the sandbox's Stripe from outside the shop, for people and tests: by a call, or by a button of the page.

A call sends JSON and gets JSON; a button sends a form. No key is asked for, as with all routes below /sandbox.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from sandbox.core import forms
from sandbox.stripe.api import StripeApi
from sandbox.stripe.dispute_objects import DisputeReason
from sandbox.stripe.errors import StripeError
from sandbox.stripe.objects import Record, RefundReason

Amount = Annotated[int, Meta(ge=1, le=10**15)]
FraudType = Literal[
    "card_never_received",
    "fraudulent_card_application",
    "made_with_counterfeit_card",
    "made_with_lost_card",
    "made_with_stolen_card",
    "misc",
    "unauthorized_use_of_card",
]


class Ask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An empty body; the base of the others."""


class GiveBack(Ask, frozen=True, kw_only=True):
    """A refund in the dashboard."""

    amount: Amount | None = None  # Minor units; None is all that is left.
    reason: RefundReason | None = None


class Object(Ask, frozen=True, kw_only=True):
    """A dispute that a buyer's bank opens."""

    amount: Amount | None = None
    reason: DisputeReason = "fraudulent"
    inquiry: bool = False


class Close(Ask, frozen=True, kw_only=True):
    """How a dispute ends."""

    won: bool


class Settle(Ask, frozen=True, kw_only=True):
    """How a debit ends."""

    succeeded: bool


class Warn(Ask, frozen=True, kw_only=True):
    """An early fraud warning."""

    fraud_type: FraudType = "made_with_stolen_card"


A = TypeVar("A", bound=Ask)


class StripeControl:
    """The routes below /sandbox that concern payments."""

    def __init__(self, stripe: StripeApi) -> None:
        self._stripe = stripe

    def routes(self) -> list[web.RouteDef]:
        stripe = self._stripe
        return [
            _route(
                "/sandbox/charges/{id}/refund",
                GiveBack,
                lambda key, asked: stripe.refund_in_dashboard(key, asked.amount, asked.reason),
            ),
            _route(
                "/sandbox/charges/{id}/dispute",
                Object,
                lambda key, asked: stripe.open_dispute(key, asked.amount, asked.reason, inquiry=asked.inquiry),
            ),
            _route("/sandbox/charges/{id}/warn", Warn, lambda key, asked: stripe.warn_of_fraud(key, asked.fraud_type)),
            _route("/sandbox/disputes/{id}/close", Close, lambda key, asked: stripe.close_dispute(key, won=asked.won)),
            _route("/sandbox/disputes/{id}/escalate", Ask, lambda key, _: stripe.escalate_dispute(key)),
            _route(
                "/sandbox/payment_intents/{id}/settle",
                Settle,
                lambda key, asked: stripe.settle(key, succeeded=asked.succeeded),
            ),
            _route("/sandbox/refunds/{id}/fail", Ask, lambda key, _: stripe.fail_refund(key)),
        ]


def _route(path: str, kind: type[A], work: Callable[[str, A], Record]) -> web.RouteDef:
    async def handle(request: web.Request) -> web.Response:
        asked, is_button = await forms.read(request, kind), forms.is_button(request)
        try:
            done = work(request.match_info["id"], asked)
        except StripeError as error:
            if is_button:
                raise web.HTTPConflict(text=error.body.message) from None
            return _json({"error": error.body}, error.status)
        if is_button:
            raise web.HTTPSeeOther("/")
        return _json(done)

    handler: Callable[[web.Request], Awaitable[web.Response]] = handle
    return web.post(path, handler)


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
