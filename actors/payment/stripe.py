"""The one file that speaks to Stripe, through Stripe's own library.

Every request has a deadline, and one that moves money has an idempotency key; `make_once.py` decides which, and when
to look up the object first. Retries are left to the engine.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, ParamSpec, TypedDict, TypeVar

import stripe

from actors.payment import stripe_errors
from actors.payment.make_once import LookUp, MakeOnce
from actors.payment.private import IntentSeen, RefundSeen, Window
from actors.payment.state import ORDER, payment_id_of
from actors.payment.stripe_http import open_http
from actors.payment.stripe_objects import amount_at_stripe, event_seen, intent_seen, metadata_of, refund_seen
from bus.messages.base import Money, OrderId
from bus.messages.payment import Intent, RecordStripeEvent, RefundReason
from engine.circuit import Circuit
from engine.crash import CrashPoint
from engine.errors import BadInput, ShopFlowError, Unavailable
from engine.patterns import whole
from engine.settings import Seconds, Settings, listed, meaning

T = TypeVar("T")
P = ParamSpec("P")
ListedT = TypeVar("ListedT", stripe.Refund, stripe.Event)


class _Paged(TypedDict, total=False):
    starting_after: str  # The page begins behind this object.


ParamsT = TypeVar("ParamsT", bound=_Paged)

KEY_LIFETIME: Final = timedelta(hours=23)  # A request relies on its key up to this age. Stripe keeps keys for a day.
_PAGE_SIZE = 100  # Stripe's most.
_MAX_PAGES = 20  # Read of one list.
_CLOCK_SKEW = timedelta(minutes=5)  # Between Stripe's clock and ours.

_STRIPE_REASONS: dict[RefundReason, Literal["duplicate", "fraudulent", "requested_by_customer"]] = {
    "duplicate": "duplicate",
    "fraudulent": "fraudulent",
    "requested_by_customer": "requested_by_customer",
    "not_deliverable": "requested_by_customer",
}

_OBJECTION_TYPES: Final = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "radar.early_fraud_warning.created",
)

_MODE: Final = re.compile(r"[a-z]+_(test|live)_")

_ANSWERED = CrashPoint("stripe-answered", "Stripe has handled a request; its answer has not been read.")


class StripeSettings(Settings, frozen=True, kw_only=True):
    """Keys of the account. Without them the shop uses the sandbox's Stripe."""

    stripe_secret_key: Annotated[
        str, meaning("The account's secret key. Empty: the sandbox's Stripe.", is_secret=True)
    ] = ""
    stripe_publishable_key: Annotated[str, meaning("The account's publishable key, with which browsers pay.")] = ""
    stripe_webhook_secret: Annotated[
        str,
        meaning(
            "Signs Stripe's webhooks; Stripe shows it beside the endpoint. Several with commas between, while a new "
            "one takes the place of an old one.",
            is_secret=True,
        ),
    ] = ""
    stripe_account: Annotated[
        str,
        whole("acct_[A-Za-z0-9]{1,64}"),
        meaning("Id of the account, acct_..., where webhooks are about several. Those about others are skipped."),
    ] = ""
    stripe_api_base: Annotated[str, meaning("Address of Stripe's API.")] = "https://api.stripe.com"
    stripe_timeout_s: Annotated[Seconds, meaning("How long one request to Stripe may take.")] = 20.0

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets of webhooks: any of them may have signed one."""
        return listed(self.stripe_webhook_secret)

    @property
    def is_live(self) -> bool | None:
        """Whether the secret key moves real money; None if it does not say."""
        mode = mode_of(self.stripe_secret_key)
        return mode == "live" if mode else None


def mode_of(key: str) -> str | None:
    """Return the mode in a key of Stripe's: live or test; None if it names none. Source: Stripe, "API keys"."""
    found = _MODE.match(key)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class IntentPage:
    """A part of Stripe's list of intents, the newest first."""

    intents: tuple[IntentSeen, ...]
    after: str  # Where the next page starts; "" if this was the last.


@dataclass(frozen=True, slots=True)
class _OldFailure:
    """A failure of an earlier call that an idempotency key replays."""

    error: ShopFlowError


class Stripe:
    """Stripe's API: intents, refunds, disputes and fraud warnings."""

    def __init__(self, client: stripe.StripeClient, circuit: Circuit, *, is_configured: bool) -> None:
        self._client = client
        self._circuit = circuit
        self.is_configured = is_configured  # If not, there is no account, and Stripe must not be asked.

    async def create_intent(
        self, order_id: OrderId, attempt: int, amount: Money, *, purpose: str = ORDER, since: datetime, is_old: bool
    ) -> Intent:
        """Ask for a payment intent: the same one, however often this is called for an order, purpose and attempt.

        Args:
            order_id: With `purpose` and `attempt` the idempotency key, which is what makes a repeat harmless.
            attempt: 1 or more.
            purpose: Why the order owes the amount.
            amount: More than 0. The intent of an earlier call keeps its own.
            since: No intent was made before this.
            is_old: The first try may have been longer ago than `KEY_LIFETIME`.

        Raises:
            Unavailable: No answer in time, or a refusal for now. Retry.
            BadInput: Stripe refuses for good.
        """

        metadata = {"order_id": order_id, "attempt": str(attempt)}
        if purpose != ORDER:
            metadata["purpose"] = purpose

        async def create(key: str) -> stripe.PaymentIntent:
            return await self._client.v1.payment_intents.create_async(
                {
                    "amount": amount_at_stripe(amount),
                    "currency": amount.currency.lower(),
                    "automatic_payment_methods": {"enabled": True},
                    "metadata": metadata,
                },
                {"idempotency_key": key},
            )

        async def find() -> stripe.PaymentIntent | None:
            return await self._find_intent(metadata, since)

        intent = await self._make_once(f"{payment_id_of(order_id, purpose)}-{attempt}", create, find, is_old=is_old)
        amount = intent_seen(intent).amount  # An earlier try may have asked for another amount.
        return Intent(order_id=order_id, intent_id=intent.id, client_secret=intent.client_secret or "", amount=amount)

    async def get_intent(self, intent_id: str, order_id: OrderId, amount: Money) -> Intent:
        """Read an order's intent, which was recorded before.

        Raises:
            Unavailable: No answer in time.
            BadInput: Stripe does not know it.
        """
        intent = await self._ask(self._client.v1.payment_intents.retrieve_async, intent_id)
        return Intent(order_id=order_id, intent_id=intent.id, client_secret=intent.client_secret or "", amount=amount)

    async def cancel_intent(self, intent_id: str) -> IntentSeen:
        """Make an intent unpayable, unless it was paid; return it as it is then. Safe to repeat.

        No idempotency key: an intent is cancelled once by its nature, and a replayed failure would be in the way.

        Raises:
            Unavailable: No answer in time.
        """
        intents = self._client.v1.payment_intents
        try:
            intent = await self._ask(intents.cancel_async, intent_id, {"cancellation_reason": "abandoned"})
        except BadInput:  # Its status does not allow this: read the status.
            intent = await self._ask(intents.retrieve_async, intent_id)
        return intent_seen(intent)

    async def refund(
        self, refund_id: str, order_id: OrderId, intent_id: str, amount: Money, reason: RefundReason, *, is_old: bool
    ) -> RefundSeen:
        """Send money back: once, however often this is called for a refund.

        Args:
            refund_id: The idempotency key.
            order_id: The order whose money it is.
            intent_id: The intent that was paid.
            amount: More than 0.
            reason: Our reason; Stripe knows three.
            is_old: The first try may have been longer ago than `KEY_LIFETIME`.

        Raises:
            Unavailable: No answer in time, or a refusal for now. Retry.
            BadInput: Stripe refuses for good.
        """

        async def create(key: str) -> RefundSeen:
            refund = await self._client.v1.refunds.create_async(
                {
                    "payment_intent": intent_id,
                    "amount": amount_at_stripe(amount),
                    "reason": _STRIPE_REASONS[reason],
                    "metadata": {"refund_id": refund_id, "order_id": order_id},
                },
                {"idempotency_key": key},
            )
            return refund_seen(refund, order_id)

        async def find() -> RefundSeen | None:
            seen = await self.refunds(order_id, intent_id)
            return next((refund for refund in seen if refund.refund_id == refund_id), None)

        return await self._make_once(refund_id, create, find, is_old=is_old)

    async def refunds(self, order_id: OrderId, intent_id: str) -> list[RefundSeen]:
        """List all refunds of a payment, the newest first.

        Raises:
            Unavailable: No answer in time, or more refunds than there can be.
        """
        params: stripe.params.RefundListParams = {"payment_intent": intent_id, "limit": _PAGE_SIZE}
        refunds, is_all = await self._list(self._client.v1.refunds.list_async, params)
        if not is_all:
            raise Unavailable("Stripe", f"{intent_id} has more refunds than are read")
        return [refund_seen(refund, order_id) for refund in refunds]

    async def refunds_since(self, since: datetime, until: datetime) -> list[RefundSeen]:
        """List refunds of the account between these times, the newest first; at most 2,000.

        Raises:
            Unavailable: No answer in time.
            BadInput: Stripe refuses for good.
        """
        params: stripe.params.RefundListParams = {
            "limit": _PAGE_SIZE,
            "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
        }
        refunds, _ = await self._list(self._client.v1.refunds.list_async, params)
        return [refund_seen(refund, "") for refund in refunds]

    async def objections_since(self, since: datetime, until: datetime) -> list[RecordStripeEvent]:
        """List events of disputes and fraud warnings between these times, the oldest first; at most 2,000.

        Raises:
            Unavailable: No answer in time.
            BadInput: Stripe refuses for good.
        """
        params: stripe.params.EventListParams = {
            "limit": _PAGE_SIZE,
            "types": list(_OBJECTION_TYPES),
            "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
        }
        events, _ = await self._list(self._client.v1.events.list_async, params)
        return [event_seen(event) for event in reversed(events)]

    async def _list(
        self, list_page: Callable[[ParamsT], Awaitable[stripe.ListObject[ListedT]]], params: ParamsT
    ) -> tuple[list[ListedT], bool]:
        """List objects page by page, the newest first, at most 2,000; return also whether these are all."""
        listed: list[ListedT] = []
        for _ in range(_MAX_PAGES):
            page = await self._ask(list_page, params)
            listed += page.data
            if not page.has_more:
                return listed, True
            params["starting_after"] = page.data[-1].id
        return listed, False

    async def intents(self, window: Window) -> IntentPage:
        """List a page of the intents that were made in `window`, the newest first, from where the last page stopped.

        Raises:
            Unavailable: No answer in time.
            BadInput: Stripe does not know the intent at which the last page stopped.
        """
        page = await self._intents(window.created_from, window.created_to, window.after)
        after = page.data[-1].id if page.has_more and page.data else ""
        return IntentPage(tuple(intent_seen(intent) for intent in page.data), after)

    async def _intents(
        self, created_from: datetime, created_to: datetime | None, after: str
    ) -> stripe.ListObject[stripe.PaymentIntent]:
        created: stripe.params.PaymentIntentListParamsCreated = {"gte": int(created_from.timestamp())}
        if created_to is not None:
            created["lte"] = int(created_to.timestamp())
        params: stripe.params.PaymentIntentListParams = {"limit": _PAGE_SIZE, "created": created}
        if after:
            params["starting_after"] = after
        return await self._ask(self._client.v1.payment_intents.list_async, params)

    async def _find_intent(self, metadata: Mapping[str, str], since: datetime) -> stripe.PaymentIntent | None:
        """Find the newest intent with this metadata; None if there is none."""
        after = ""
        for _ in range(_MAX_PAGES):
            page = await self._intents(since - _CLOCK_SKEW, None, after)
            for intent in page.data:
                own = {name: metadata_of(intent.metadata, name) for name in ("order_id", "attempt", "purpose")}
                if {name: value for name, value in own.items() if value} == metadata:
                    return intent
            if not page.has_more:
                return None
            after = page.data[-1].id
        # The caller gets this error, and no second intent.
        raise Unavailable("Stripe", f"too many intents since {since:%Y-%m-%d %H:%M} to look one up")

    async def _make_once(
        self,
        key: str,
        create: Callable[[str], Awaitable[T]],
        find: Callable[[], Awaitable[T | None]],
        *,
        is_old: bool,
    ) -> T:
        """Make an object at Stripe, or find it; `make_once.py` decides in which steps."""
        progress = MakeOnce(key, is_old=is_old)
        while True:
            step = progress.step
            if isinstance(step, LookUp):
                if (found := await find()) is not None:
                    return found
                progress = progress.found_nothing()
                continue
            try:
                return await self._ask(create, step.key)
            except (Unavailable, BadInput) as failed:
                if not stripe_errors.is_key_spent(failed) or progress.is_last_key:
                    raise
                progress = progress.spent_key()

    async def _ask(self, request: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs) -> T:
        """Make one request.

        Raises:
            Unavailable: No answer in time, a refusal for now, or Stripe was down a moment ago.
            BadInput: Stripe refuses for good.
        """

        async def attempt() -> T | _OldFailure:
            try:
                with stripe_errors.translated():
                    answer = await request(*args, **options)
            except ShopFlowError as error:
                if stripe_errors.is_replayed(error):  # An old failure: Stripe itself is up.
                    return _OldFailure(error)
                raise
            _ANSWERED.reach()
            return answer

        answer = await self._circuit.call(attempt)
        if isinstance(answer, _OldFailure):
            raise answer.error
        return answer


@asynccontextmanager
async def open_stripe(settings: StripeSettings, circuit: Circuit) -> AsyncIterator[Stripe]:
    """Open a client with connections of its own, and close them when the block ends."""
    async with open_http(settings.stripe_timeout_s) as http:
        client = stripe.StripeClient(
            settings.stripe_secret_key,
            http_client=http,
            base_addresses={"api": settings.stripe_api_base},
            max_network_retries=0,
        )
        yield Stripe(client, circuit, is_configured=bool(settings.stripe_secret_key))
