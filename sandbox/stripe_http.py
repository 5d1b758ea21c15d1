"""Stripe over HTTP: who calls, with which parameters, and what they may see.

A secret key may do everything. A publishable key is in every buyer's browser: with the client secret of one payment
intent it may retrieve and confirm that one, and sees only what is public of it. Any origin may call, as with Stripe.
"""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from sandbox.config import SandboxConfig
from sandbox.edge import Edge, fingerprint, json_answer, new_request_id
from sandbox.idempotency import Answer
from sandbox.stripe_api import Cause, StripeApi
from sandbox.stripe_errors import StripeError, invalid, unauthorized
from sandbox.stripe_objects import API_VERSION, PaymentIntent, PublicIntent, Record, Tree
from sandbox.stripe_params import (
    CancelIntent,
    ConfirmIntent,
    CreateIntent,
    CreateRefund,
    ListByIntent,
    ListEvents,
    ListParams,
    Params,
    RetrieveIntent,
    decode,
    form,
)

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Request-Id, Idempotency-Key, Idempotent-Replayed, Retry-After",
    "Cache-Control": "no-cache, no-store",
    "Stripe-Version": API_VERSION,
}
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, HEAD, OPTIONS, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version",
    "Access-Control-Max-Age": "300",
}

P = TypeVar("P", bound=Params)


class Call(Struct, frozen=True):
    """One authenticated call."""

    id: str  # Of the object in the path, or "".
    form: Tree
    public: bool  # Came with the publishable key.
    cause: Cause

    def params(self, kind: type[P]) -> P:
        return decode(self.form, kind)


Endpoint = Callable[[Call], Record]


class StripeHttp:
    """Stripe's routes."""

    def __init__(self, api: StripeApi, edge: Edge, config: SandboxConfig) -> None:
        self._api = api
        self._edge = edge
        self._secret_key = config.stripe_secret_key.encode()
        self._publishable_key = config.stripe_publishable_key.encode()

    def routes(self) -> list[web.RouteDef]:
        endpoints: list[tuple[str, str, Endpoint, bool]] = [
            ("POST", "/v1/payment_intents", self._create_intent, False),
            ("GET", "/v1/payment_intents", lambda call: self._api.list_intents(call.params(ListParams)), False),
            ("GET", "/v1/payment_intents/{id}", self._retrieve_intent, True),
            ("POST", "/v1/payment_intents/{id}/confirm", self._confirm_intent, True),
            ("POST", "/v1/payment_intents/{id}/cancel", self._cancel_intent, False),
            ("POST", "/v1/refunds", lambda call: self._api.create_refund(call.params(CreateRefund), call.cause), False),
            ("GET", "/v1/refunds", lambda call: self._api.list_refunds(call.params(ListByIntent)), False),
            ("GET", "/v1/refunds/{id}", lambda call: self._api.refund(call.id), False),
            ("GET", "/v1/charges", lambda call: self._api.list_charges(call.params(ListByIntent)), False),
            ("GET", "/v1/charges/{id}", lambda call: self._api.charge(call.id), False),
            ("GET", "/v1/events", lambda call: self._api.list_events(call.params(ListEvents)), False),
            ("GET", "/v1/events/{id}", lambda call: self._api.event(call.id), False),
            ("*", "/v1/{rest:.*}", _unknown, True),
        ]
        routes = [web.options("/v1/{rest:.*}", _preflight)]
        return routes + [web.route(method, path, self._handler(end, public)) for method, path, end, public in endpoints]

    def _handler(self, endpoint: Endpoint, public: bool) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            body = _text(await request.read()) if request.method == "POST" else request.rel_url.raw_query_string
            request_id = new_request_id()
            in_any_order = "&".join(sorted(body.split("&"))).encode()
            return await self._edge.answer(
                request,
                request_id,
                fingerprint(request, in_any_order),
                lambda: self._work(request, request_id, body, endpoint, public),
            )

        return handle

    def _work(self, request: web.Request, request_id: str, body: str, endpoint: Endpoint, public: bool) -> Answer:
        seen_publicly = True
        try:
            tree = form(body)
            seen_publicly = self._is_public(request, tree, allowed=public)
            cause = Cause(request_id, request.headers.get("Idempotency-Key"))
            call = Call(request.match_info.get("id", ""), tree, seen_publicly, cause)
            return json_answer(200, _visible(endpoint(call), seen_publicly))
        except StripeError as error:
            if error.body.payment_intent is not None and seen_publicly:
                hidden = replace(error.body, payment_intent=_public(error.body.payment_intent))
                return StripeError(error.status, hidden, keep=error.keep).answer()
            return error.answer()

    def _is_public(self, request: web.Request, tree: Tree, *, allowed: bool) -> bool:
        """Who calls; the key is taken out of the form.

        Raises:
            StripeError: 401 without a good key, 403 for a publishable key where a secret one is needed.
        """
        in_form = tree.pop("key", "")
        key = _key(request.headers.get("Authorization", "")) or (in_form if isinstance(in_form, str) else "")
        given = key.encode("utf-8", "surrogateescape")  # A header may hold any bytes.
        if hmac.compare_digest(given, self._secret_key):
            return False
        if not hmac.compare_digest(given, self._publishable_key):
            raise unauthorized(
                f"Invalid API Key provided: {key[:8]!a}****" if key else "You did not provide an API key."
            )
        if not allowed:
            message = "This API call cannot be made with a publishable API key. Please use a secret API key."
            raise invalid(message, code="secret_key_required", status=403, keep=False)
        return True

    def _create_intent(self, call: Call) -> Record:
        asked = call.params(CreateIntent)
        return self._expanded(self._api.create_intent(asked, call.cause), asked)

    def _retrieve_intent(self, call: Call) -> Record:
        asked = call.params(RetrieveIntent)
        return self._expanded(self._permitted(call, asked.client_secret), asked)

    def _confirm_intent(self, call: Call) -> Record:
        asked = call.params(ConfirmIntent)
        self._permitted(call, asked.client_secret)
        return self._expanded(self._api.confirm_intent(call.id, asked, call.cause), asked)

    def _cancel_intent(self, call: Call) -> Record:
        asked = call.params(CancelIntent)
        return self._expanded(self._api.cancel_intent(call.id, asked, call.cause), asked)

    def _permitted(self, call: Call, client_secret: str | None) -> PaymentIntent:
        """The intent, if a browser's client secret opens it."""
        if call.public and client_secret is None:
            message = "Missing required param: client_secret."
            raise invalid(message, code="parameter_missing", param="client_secret", keep=False)
        intent = self._api.intent(call.id)
        if client_secret is not None and not intent.opened_by(client_secret):
            message = "The client_secret provided does not match the client_secret associated with the PaymentIntent."
            raise invalid(message, code="payment_intent_invalid_parameter", param="client_secret", keep=False)
        return intent

    def _expanded(self, intent: PaymentIntent, asked: Params) -> PaymentIntent:
        for path in asked.expand:
            if path != "latest_charge":
                raise invalid(f"This property cannot be expanded ({path}).", param="expand", keep=False)
            if isinstance(intent.latest_charge, str):
                intent = replace(intent, latest_charge=self._api.charge(intent.latest_charge))
        return intent


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


async def _preflight(_request: web.Request) -> web.Response:
    return web.Response(status=204, headers=PREFLIGHT)


def _unknown(_call: Call) -> Record:
    raise invalid("Unrecognized request URL.", status=404, keep=False)


def _visible(item: Record, public: bool) -> Record:
    return _public(item) if public and isinstance(item, PublicIntent) else item


def _public(intent: PublicIntent) -> PublicIntent:
    return msgspec.convert(intent, PublicIntent, from_attributes=True)


def _key(authorization: str) -> str:
    """The API key of `Bearer sk_...`, or the user name of Basic."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
