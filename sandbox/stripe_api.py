"""The sandbox's Stripe: reads, lets the rules decide, writes, and tells the shop. Knows nothing of HTTP.

Every method runs inside the caller's transaction. A `StripeError` is an answer, not an accident: what was written
before it stays.
"""

import secrets
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from sandbox import stripe_rules as rules
from sandbox.due import Clock
from sandbox.store import Page, Store, Table
from sandbox.stripe_errors import invalid, missing
from sandbox.stripe_objects import Charge, Event, EventData, EventRequest, Listing, PaymentIntent, Refund
from sandbox.stripe_params import (
    CancelIntent,
    ConfirmIntent,
    CreatedRange,
    CreateIntent,
    CreateRefund,
    ListByIntent,
    ListEvents,
    ListParams,
    Payable,
)
from sandbox.stripe_rules import CARD_IDS_BY_NUMBER, CARDS, TestCard
from sandbox.webhooks import Outbox

KEEP_OBJECTS = 500_000  # Of each kind.
KEEP_EVENTS = 200_000

T = TypeVar("T", bound=Struct)


class Cause(Struct, frozen=True):
    """The API call an event comes from."""

    request_id: str | None = None
    idempotency_key: str | None = None


class StripeApi:
    """Payment intents, charges, refunds and events. The only writer of their tables."""

    def __init__(self, store: Store, outbox: Outbox, webhook_types: frozenset[str], now: Clock) -> None:
        self.intents = Table(store, "payment_intents", PaymentIntent, KEEP_OBJECTS)
        self.charges = Table(store, "charges", Charge, KEEP_OBJECTS)
        self.refunds = Table(store, "refunds", Refund, KEEP_OBJECTS)
        self.events = Table(store, "events", Event, KEEP_EVENTS)
        self.transaction = store.transaction
        self.base_url = ""  # Of the approval page; known once the server listens.
        self._outbox = outbox
        self._webhook_types = webhook_types
        self._now: Callable[[], int] = lambda: int(now())

    def create_intent(self, asked: CreateIntent, cause: Cause) -> PaymentIntent:
        card = _card(asked)
        intent_id = _new_id("pi_3")
        intent = PaymentIntent(
            id=intent_id,
            amount=asked.amount,
            automatic_payment_methods=asked.automatic_payment_methods,
            capture_method=asked.capture_method,
            client_secret=f"{intent_id}_secret_{secrets.token_hex(12)}",
            created=self._now(),
            currency=asked.currency,
            customer=asked.customer,
            description=asked.description,
            metadata=asked.metadata,
            payment_method=card.id if card else None,
            payment_method_types=asked.payment_method_types,
            receipt_email=asked.receipt_email,
            setup_future_usage=asked.setup_future_usage,
            shipping=asked.shipping,
            statement_descriptor_suffix=asked.statement_descriptor_suffix,
            status="requires_confirmation" if card else "requires_payment_method",
        )
        self.intents.add(intent.id, intent, intent.created)
        self._tell("payment_intent.created", intent, cause)
        return self._confirm(intent, card, asked.return_url, cause) if asked.confirm else intent

    def confirm_intent(self, key: str, asked: ConfirmIntent, cause: Cause) -> PaymentIntent:
        intent = self.intent(key)
        if intent.status not in rules.CONFIRMABLE:
            raise rules.unexpected_state(intent, "confirm", rules.CONFIRMABLE)
        card = _card(asked) or CARDS.get(intent.payment_method or "")
        filled = replace(
            intent,
            receipt_email=asked.receipt_email or intent.receipt_email,
            shipping=asked.shipping or intent.shipping,
            setup_future_usage=asked.setup_future_usage or intent.setup_future_usage,
        )
        return self._confirm(filled, card, asked.return_url, cause)

    def cancel_intent(self, key: str, asked: CancelIntent, cause: Cause) -> PaymentIntent:
        return self._apply(rules.cancel(self.intent(key), asked.cancellation_reason, self._now()), cause)

    def finish_authentication(self, key: str, *, approved: bool) -> PaymentIntent:
        """The buyer's answer on the approval page."""
        intent = self.intent(key)
        if intent.status != "requires_action":
            raise rules.unexpected_state(intent, "confirm", frozenset({"requires_action"}))
        card = CARDS[intent.payment_method or ""]
        now = self._now()
        change = rules.pay(intent, card, _new_id("ch_3"), now) if approved else rules.refuse(intent)
        return self._apply(change, Cause())

    def create_refund(self, asked: CreateRefund, cause: Cause) -> Refund:
        charge = self._refundable(asked)
        given, rest = rules.refund(charge, _new_id("re_3"), asked.amount, asked.reason, self._now())
        given = replace(given, metadata=asked.metadata)
        self.refunds.add(given.id, given, given.created, ref=given.payment_intent)
        self.charges.update(rest.id, rest)
        for kind, item in rules.refund_events(given, rest):
            self._tell(kind, item, cause)
        if CARDS[charge.payment_method].refunds_fail:
            self.fail_refund(given.id)  # The caller hears of it by webhook, as from the real card.
        return given

    def fail_refund(self, key: str) -> Refund:
        """The buyer's bank sends the money back, as happens days after a refund."""
        given = self.refund(key)
        if given.status == "failed":
            return given
        failed, charge = rules.fail_refund(given, self.charge(given.charge))
        self.refunds.update(failed.id, failed)
        self.charges.update(charge.id, charge)
        self._tell("refund.failed", failed, Cause())
        return failed

    def intent(self, key: str) -> PaymentIntent:
        return _found(self.intents, key, "payment_intent", "intent")

    def charge(self, key: str) -> Charge:
        return _found(self.charges, key, "charge", "charge")

    def refund(self, key: str) -> Refund:
        return _found(self.refunds, key, "refund", "refund")

    def event(self, key: str) -> Event:
        return _found(self.events, key, "event", "id")

    def list_intents(self, asked: ListParams) -> Listing:
        data, more = _page(self.intents, asked)
        return Listing(data=data, has_more=more, url="/v1/payment_intents")

    def list_charges(self, asked: ListByIntent) -> Listing:
        data, more = _page(self.charges, asked, asked.payment_intent)
        return Listing(data=data, has_more=more, url="/v1/charges")

    def list_refunds(self, asked: ListByIntent) -> Listing:
        data, more = _page(self.refunds, asked, asked.payment_intent)
        return Listing(data=data, has_more=more, url="/v1/refunds")

    def list_events(self, asked: ListEvents) -> Listing:
        data, more = _page(self.events, asked, asked.type)
        return Listing(data=data, has_more=more, url="/v1/events")

    def _confirm(
        self, intent: PaymentIntent, card: TestCard | None, return_url: str | None, cause: Cause
    ) -> PaymentIntent:
        if card is None:
            message = "You cannot confirm this PaymentIntent because it's missing a payment method."
            raise invalid(message, code="payment_intent_unexpected_state", intent=intent)
        page = f"{self.base_url}/sandbox/approve/{intent.id}?client_secret={intent.client_secret}"
        return self._apply(
            rules.confirm(intent, card, _new_id("ch_3"), return_url=return_url, page=page, now=self._now()), cause
        )

    def _apply(self, change: rules.Change, cause: Cause) -> PaymentIntent:
        self.intents.update(change.intent.id, change.intent)
        if change.charge is not None:
            self.charges.add(change.charge.id, change.charge, change.charge.created, ref=change.intent.id)
        for kind, item in change.events:
            self._tell(kind, item, cause)
        if change.error is not None:
            raise change.error
        return change.intent

    def _refundable(self, asked: CreateRefund) -> Charge:
        if asked.charge is not None:
            charge = self.charge(asked.charge)
        elif asked.payment_intent is not None:
            intent = _found(self.intents, asked.payment_intent, "payment_intent", "payment_intent")
            if not isinstance(intent.latest_charge, str):
                raise _nothing_to_refund(asked.payment_intent)
            charge = self.charge(intent.latest_charge)
        else:
            message = "One of the following params should be provided for this request: payment_intent or charge."
            raise invalid(message, code="parameter_missing", keep=False)
        if not charge.paid:
            raise _nothing_to_refund(charge.payment_intent)
        return charge

    def _tell(self, kind: str, item: PaymentIntent | Charge | Refund, cause: Cause) -> None:
        """Store an event, and send it to the shop if the shop has asked for its type."""
        sent = kind in self._webhook_types
        event = Event(
            id=_new_id("evt_3"),
            created=self._now(),
            data=EventData(object=Raw(msgspec.json.encode(item))),
            pending_webhooks=int(sent),
            request=EventRequest(id=cause.request_id, idempotency_key=cause.idempotency_key),
            type=kind,
        )
        self.events.add(event.id, event, event.created, ref=kind)
        if sent:
            self._outbox.add("stripe", msgspec.json.encode(event).decode())


def _new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(12)


def _found(table: Table[T], key: str, kind: str, param: str) -> T:
    item = table.get(key)
    if item is None:
        raise missing(kind, key, param)
    return item


def _card(asked: Payable) -> TestCard | None:
    card_id = asked.payment_method
    if asked.payment_method_data is not None:
        number = asked.payment_method_data.card.number.replace(" ", "")
        card_id = CARD_IDS_BY_NUMBER.get(number, "")
        if not card_id:
            message = "Your card number is incorrect. The sandbox takes Stripe's test numbers only."
            raise invalid(message, code="incorrect_number", param="payment_method_data[card][number]", status=402)
    if card_id is None:
        return None
    if card_id not in CARDS:
        raise missing("PaymentMethod", card_id, "payment_method", status=400)
    return CARDS[card_id]


def _nothing_to_refund(intent_id: str) -> Exception:
    return invalid(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")


def _page(table: Table[T], asked: ListParams, ref: str | None = None) -> tuple[list[T], bool]:
    low, high = _bounds(asked.created)
    page = Page(
        limit=asked.limit,
        after=asked.starting_after,
        before=asked.ending_before,
        created_from=low,
        created_to=high,
        ref=ref,
    )
    try:
        return table.page(page)
    except KeyError as error:
        raise missing("object", str(error.args[0]), "starting_after", status=400) from None


def _bounds(created: CreatedRange | int | None) -> tuple[int | None, int | None]:
    """First and last second wanted, both included."""
    if not isinstance(created, CreatedRange):
        return created, created
    lows = [created.gte] if created.gte is not None else []
    highs = [created.lte] if created.lte is not None else []
    lows += [created.gt + 1] if created.gt is not None else []
    highs += [created.lt - 1] if created.lt is not None else []
    return max(lows, default=None), min(highs, default=None)
