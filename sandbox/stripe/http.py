"""Stripe over HTTP: authenticates callers, reads parameters, and hides what a caller may not see.

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

from sandbox.core.call_handler import CallHandler, fingerprint, json_answer, new_request_id
from sandbox.core.config import SandboxConfig
from sandbox.core.idempotency import Answer
from sandbox.stripe import expand
from sandbox.stripe.api import Cause, StripeApi
from sandbox.stripe.errors import StripeError, invalid, unauthorized
from sandbox.stripe.expand import REFUNDS
from sandbox.stripe.objects import API_VERSION, PaymentIntent, PublicIntent, Record, Tree
from sandbox.stripe.params import (
    CancelIntent,
    ConfirmIntent,
    CreateIntent,
    CreateRefund,
    ListByIntent,
    ListByPayment,
    ListEvents,
    ListParams,
    Params,
    RetrieveIntent,
    UpdateDispute,
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
    """An authenticated call."""

    id: str  # Of the object in the path, or "".
    form: Tree
    public: bool  # Came with the publishable key.
    cause: Cause

    def params(self, kind: type[P]) -> P:
        return decode(self.form, kind)


class Endpoint(Struct, frozen=True):
    """An endpoint of Stripe's API: its work, the kind of object that it answers with, and the keys that open it."""

    method: str
    path: str
    work: Callable[[Call], Record]
    kind: str  # Of the object in the answer, or in its list.
    public: bool = False  # Whether a publishable key opens it, too.

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and not self.path.endswith("}")


class StripeHttp:
    """Stripe's routes."""

    def __init__(self, api: StripeApi, calls: CallHandler, config: SandboxConfig) -> None:
        self._api = api
        self._calls = calls
        self._secret_key = config.stripe_secret_key.encode()
        self._publishable_key = config.stripe_publishable_key.encode()

    def routes(self) -> list[web.RouteDef]:
        routes = [web.options("/v1/{rest:.*}", _preflight)]
        routes += [web.route(each.method, each.path, self._handler(each)) for each in self._routes()]
        return [*routes, web.route("*", "/v1/{rest:.*}", self._handler(UNKNOWN))]

    def _routes(self) -> list[Endpoint]:
        api, intent, charge, refund = self._api, "payment_intent", "charge", "refund"
        dispute, warning = "dispute", "radar.early_fraud_warning"
        warnings = "/v1/radar/early_fraud_warnings"
        return [
            Endpoint("POST", "/v1/payment_intents", self._create_intent, intent),
            Endpoint("GET", "/v1/payment_intents", lambda call: api.list_intents(call.params(ListParams)), intent),
            Endpoint("GET", "/v1/payment_intents/{id}", self._retrieve_intent, intent, public=True),
            Endpoint("POST", "/v1/payment_intents/{id}/confirm", self._confirm_intent, intent, public=True),
            Endpoint("POST", "/v1/payment_intents/{id}/cancel", self._cancel_intent, intent),
            Endpoint("POST", "/v1/refunds", self._create_refund, refund),
            Endpoint("GET", "/v1/refunds", lambda call: api.list_refunds(call.params(ListByPayment)), refund),
            Endpoint("GET", "/v1/refunds/{id}", _one(api.refund), refund),
            Endpoint("GET", "/v1/charges", lambda call: api.list_charges(call.params(ListByIntent)), charge),
            Endpoint("GET", "/v1/charges/{id}", _one(api.charge), charge),
            Endpoint("GET", "/v1/payment_methods/{id}", _one(api.payment_method), "payment_method"),
            Endpoint("GET", "/v1/disputes", lambda call: api.list_disputes(call.params(ListByPayment)), dispute),
            Endpoint("GET", "/v1/disputes/{id}", _one(api.dispute), dispute),
            Endpoint("POST", "/v1/disputes/{id}", self._answer_dispute, dispute),
            Endpoint("POST", "/v1/disputes/{id}/close", self._concede, dispute),
            Endpoint("GET", warnings, lambda call: api.list_warnings(call.params(ListByPayment)), warning),
            Endpoint("GET", warnings + "/{id}", _one(api.warning), warning),
            Endpoint("GET", "/v1/events", lambda call: api.list_events(call.params(ListEvents)), "event"),
            Endpoint("GET", "/v1/events/{id}", _one(api.event), "event"),
        ]

    def _handler(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            body = _text(await request.read()) if request.method == "POST" else request.rel_url.raw_query_string
            request_id = new_request_id()
            in_any_order = "&".join(sorted(body.split("&"))).encode()
            return await self._calls.answer(
                request,
                request_id,
                fingerprint(request, in_any_order),
                lambda: self._work(request, request_id, body, endpoint),
            )

        return handle

    def _work(self, request: web.Request, request_id: str, body: str, endpoint: Endpoint) -> Answer:
        seen_publicly = True
        try:
            tree = form(body)
            seen_publicly = self._is_public(request, tree, allowed=endpoint.public)
            wanted = _wanted(tree)
            expand.check(wanted, endpoint.kind, is_list=endpoint.is_list)
            cause = Cause(request_id, request.headers.get("Idempotency-Key"))
            call = Call(request.match_info.get("id", ""), tree, seen_publicly, cause)
            return json_answer(200, self._expanded(_visible(endpoint.work(call), seen_publicly), wanted))
        except StripeError as error:
            if error.body.payment_intent is not None and seen_publicly:
                hidden = replace(error.body, payment_intent=_public(error.body.payment_intent))
                return StripeError(error.status, hidden, keep=error.keep).answer()
            return error.answer()

    def _is_public(self, request: web.Request, tree: Tree, *, allowed: bool) -> bool:
        """Whether the caller has the publishable key. Removes the key from the form.

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
        return self._api.create_intent(call.params(CreateIntent), call.cause)

    def _retrieve_intent(self, call: Call) -> Record:
        return self._permitted(call, call.params(RetrieveIntent).client_secret)

    def _confirm_intent(self, call: Call) -> Record:
        asked = call.params(ConfirmIntent)
        self._permitted(call, asked.client_secret)
        return self._api.confirm_intent(call.id, asked, call.cause)

    def _cancel_intent(self, call: Call) -> Record:
        return self._api.cancel_intent(call.id, call.params(CancelIntent), call.cause)

    def _create_refund(self, call: Call) -> Record:
        return self._api.create_refund(call.params(CreateRefund), call.cause)

    def _answer_dispute(self, call: Call) -> Record:
        return self._api.answer_dispute(call.id, call.params(UpdateDispute), call.cause)

    def _concede(self, call: Call) -> Record:
        call.params(Params)
        return self._api.concede(call.id, call.cause)

    def _permitted(self, call: Call, client_secret: str | None) -> PaymentIntent:
        """Return the intent of a call, if a browser's client secret opens it."""
        if call.public and client_secret is None:
            message = "Missing required param: client_secret."
            raise invalid(message, code="parameter_missing", param="client_secret", keep=False)
        intent = self._api.intent(call.id)
        if client_secret is not None and not intent.opened_by(client_secret):
            message = "The client_secret provided does not match the client_secret associated with the PaymentIntent."
            raise invalid(message, code="payment_intent_invalid_parameter", param="client_secret", keep=False)
        return intent

    def _expanded(self, item: Record, paths: list[str]) -> object:
        if not paths:
            return item
        answer: dict[str, object] = _fields(item)
        expand.expand(answer, paths, self._fetched)
        return answer

    def _fetched(self, kind: str, key: str) -> dict[str, object] | None:
        found: Record | None
        match kind:
            case "payment_intent":
                found = self._api.intents.get(key)
            case "charge":
                found = self._api.charges.get(key)
            case "payment_method":
                found = self._api.payment_method(key)
            case _:
                assert kind == REFUNDS, kind
                found = self._api.refunds_of(key)
        return None if found is None else _fields(found)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


async def _preflight(_request: web.Request) -> web.Response:
    return web.Response(status=204, headers=PREFLIGHT)


def _unknown(_call: Call) -> Record:
    raise invalid("Unrecognized request URL.", status=404, keep=False)


UNKNOWN = Endpoint("*", "/v1/{rest:.*}", _unknown, "event", public=True)


def _one(find: Callable[[str], Record]) -> Callable[[Call], Record]:
    """Make the work of a route that reads a single object."""

    def work(call: Call) -> Record:
        call.params(Params)
        return find(call.id)

    return work


def _wanted(tree: Tree) -> list[str]:
    """The paths of `expand`, if they are a list; if they are not, reading the parameters refuses them."""
    given = tree.get("expand")
    return [path for path in given.values() if isinstance(path, str)] if isinstance(given, dict) else []


def _fields(item: Record) -> dict[str, object]:
    return msgspec.json.decode(msgspec.json.encode(item), type=dict[str, object])


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
