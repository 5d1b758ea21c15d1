"""The one file that speaks to Stripe, through Stripe's own library.

Every request has an idempotency key and a deadline. Repeats are the engine's business, so the library makes none.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

import stripe

from bus.messages.base import Money, OrderId
from bus.messages.payment import Intent, RefundReason
from engine.errors import BadInput, Unavailable
from engine.settings import Settings

_TIMEOUT_S = 20.0
_STRIPE_REASONS: dict[RefundReason, Literal["duplicate", "fraudulent", "requested_by_customer"]] = {
    "duplicate": "duplicate",
    "fraudulent": "fraudulent",
    "requested_by_customer": "requested_by_customer",
    "not_deliverable": "requested_by_customer",
}


class StripeSettings(Settings, frozen=True, kw_only=True):
    """Keys of the account. Without them the shop is a sandbox."""

    stripe_secret_key: str = ""
    stripe_publishable_key: str = ""
    stripe_webhook_secret: str = ""
    stripe_api_base: str = "https://api.stripe.com"


class Stripe:
    """Intents and refunds."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    async def create_intent(self, order_id: OrderId, attempt: int, amount: Money) -> Intent:
        """Ask for a payment intent: the same one, however often this is called for an order and attempt.

        Args:
            order_id: With `attempt` the idempotency key, which is what makes a repeat harmless.
            attempt: 1 or more.
            amount: More than 0.

        Raises:
            Unavailable: No answer in time. Repeat within 24 hours; later, Stripe may have forgotten the key.
                Source: Stripe API reference, "Idempotent requests".
        """
        with _errors():
            intent = await self._client.v1.payment_intents.create_async(
                {
                    "amount": amount.amount,
                    "currency": amount.currency.lower(),
                    "automatic_payment_methods": {"enabled": True},
                    "metadata": {"order_id": order_id},
                },
                {"idempotency_key": f"{order_id}-{attempt}"},
            )
        return Intent(order_id=order_id, intent_id=intent.id, client_secret=intent.client_secret or "", amount=amount)

    async def cancel_intent(self, intent_id: str) -> Literal["cancelled", "paid_after_all"]:
        """Make an intent unpayable, unless it was paid. Safe to repeat.

        Raises:
            Unavailable: No answer in time.
        """
        try:
            with _errors():
                await self._client.v1.payment_intents.cancel_async(
                    intent_id, {"cancellation_reason": "abandoned"}, {"idempotency_key": f"{intent_id}-cancel"}
                )
        except BadInput:  # It is in a state that can't be cancelled: find out which.
            with _errors():
                intent = await self._client.v1.payment_intents.retrieve_async(intent_id)
            return "cancelled" if intent.status == "canceled" else "paid_after_all"
        return "cancelled"

    async def refund(
        self, refund_id: str, order_id: OrderId, intent_id: str, amount: Money, reason: RefundReason
    ) -> tuple[str, Literal["pending", "succeeded", "failed"]]:
        """Send money back: once, however often this is called for a refund. Gives Stripe's id and status.

        Raises:
            Unavailable: No answer in time. Repeat within 24 hours.
            BadInput: Stripe refuses for good.
        """
        with _errors():
            refund = await self._client.v1.refunds.create_async(
                {
                    "payment_intent": intent_id,
                    "amount": amount.amount,
                    "reason": _STRIPE_REASONS[reason],
                    "metadata": {"refund_id": refund_id, "order_id": order_id},
                },
                {"idempotency_key": refund_id},
            )
        if refund.status == "succeeded":
            return refund.id, "succeeded"
        return refund.id, "failed" if refund.status in ("failed", "canceled") else "pending"


@asynccontextmanager
async def open_stripe(secret_key: str, api_base: str) -> AsyncIterator[Stripe]:
    """A client with connections of its own, closed when the block ends."""
    http = stripe.AIOHTTPClient(timeout=_TIMEOUT_S)
    client = stripe.StripeClient(secret_key, http_client=http, base_addresses={"api": api_base}, max_network_retries=0)
    try:
        yield Stripe(client)
    finally:
        await http.close_async()  # type: ignore[no-untyped-call] # not typed by the library


@contextmanager
def _errors() -> Iterator[None]:
    """Make Stripe's errors the engine's own. Their texts hold no secrets, and help whoever reads the log."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        if error.http_status == 409:  # A twin of this request is under way.
            raise Unavailable("Stripe", str(error)) from error
        raise BadInput(f"Stripe refuses: {error}") from error
    except stripe.IdempotencyError as error:
        raise BadInput(f"Stripe refuses: {error}") from error
    except stripe.StripeError as error:
        raise Unavailable("Stripe", str(error) or type(error).__name__) from error
