"""Stripe's errors. Source: Stripe API reference, "Errors", and docs.stripe.com/error-codes."""

from msgspec import Struct

from sandbox.core.call_handler import json_answer
from sandbox.core.idempotency import Answer
from sandbox.stripe.objects import PaymentIntent, PaymentMethod, PublicIntent

DOC_URL = "https://docs.stripe.com/error-codes/"


class ErrorBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of Stripe's `{"error": ...}`."""

    type: str
    message: str
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None
    doc_url: str | None = None
    charge: str | None = None
    payment_intent: PaymentIntent | PublicIntent | None = None
    payment_method: PaymentMethod | None = None


class StripeError(Exception):
    """An answer that is not 200. Writes before it is raised are kept: a decline is also a fact."""

    def __init__(self, status: int, body: ErrorBody, *, keep: bool = True) -> None:
        super().__init__(body.message)
        self.status = status
        self.body = body
        self.keep = keep  # Stored under the idempotency key?

    def answer(self) -> Answer:
        return json_answer(self.status, {"error": self.body}, keep=self.keep)


def invalid(
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    status: int = 400,
    keep: bool = True,
    intent: PaymentIntent | None = None,
) -> StripeError:
    """An `invalid_request_error`; `keep=False` where the work never began."""
    body = ErrorBody(
        type="invalid_request_error",
        message=message,
        code=code,
        param=param,
        doc_url=doc_url(code),
        payment_intent=intent,
    )
    return StripeError(status, body, keep=keep)


def missing(kind: str, key: str, param: str, status: int = 404) -> StripeError:
    """A `resource_missing`."""
    return invalid(f"No such {kind}: '{key}'", code="resource_missing", param=param, status=status)


def unauthorized(message: str) -> StripeError:
    """401: no key, or a wrong one."""
    return invalid(message, status=401, keep=False)


def doc_url(code: str | None) -> str | None:
    """The page on which Stripe explains a code."""
    return None if code is None else DOC_URL + code.replace("_", "-")


class StripePhrases:
    """Stripe's wording of the refusals that the call handler makes."""

    def failed(self, status: int) -> Answer:
        body = ErrorBody(type="api_error", message="An unknown error occurred.")
        return json_answer(status, {"error": body})

    def rate_limited(self) -> Answer:
        return invalid("Request rate limit exceeded.", code="rate_limit", status=429, keep=False).answer()

    def key_mismatch(self, key: str) -> Answer:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
        return StripeError(400, ErrorBody(type="idempotency_error", message=message), keep=False).answer()

    def key_in_use(self, key: str) -> Answer:
        message = (
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            f"submitted twice, and the other request is still going through): {key}. Please try again later."
        )
        return invalid(message, code="idempotency_key_in_use", status=409, keep=False).answer()

    def key_invalid(self) -> Answer:
        return invalid("Idempotency keys are 1 to 255 ASCII characters.", keep=False).answer()
