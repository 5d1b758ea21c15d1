"""The records of the sandbox's Stripe: its tables, its lists, and the sending of events. Decides nothing."""

import secrets
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from sandbox.core.due import Clock
from sandbox.core.store import Page, Store, Table
from sandbox.core.webhooks import Outbox
from sandbox.stripe.dispute_objects import Dispute, EarlyFraudWarning
from sandbox.stripe.errors import missing
from sandbox.stripe.methods import METHODS, method_object
from sandbox.stripe.objects import Charge, Event, EventData, EventRequest, Listing, PaymentIntent, Record, Refund
from sandbox.stripe.params import CreatedRange, ListByIntent, ListByPayment, ListEvents, ListParams

KEEP_OBJECTS = 500_000  # Of each kind.
KEEP_EVENTS = 200_000
INLINE = 10  # Of a list within an object.

T = TypeVar("T", bound=Record)


class Cause(Struct, frozen=True):
    """The API call that caused an event; empty if it began at a bank or in the dashboard."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Books:
    """Payment intents, charges, refunds, disputes, early fraud warnings and events."""

    def __init__(self, store: Store, outbox: Outbox, webhook_types: frozenset[str], now: Clock) -> None:
        self.intents = Table(store, "payment_intents", PaymentIntent, KEEP_OBJECTS)
        self.charges = Table(store, "charges", Charge, KEEP_OBJECTS)
        self.refunds = Table(store, "refunds", Refund, KEEP_OBJECTS)
        self.disputes = Table(store, "disputes", Dispute, KEEP_OBJECTS)
        self.warnings = Table(store, "early_fraud_warnings", EarlyFraudWarning, KEEP_OBJECTS)
        self.events = Table(store, "events", Event, KEEP_EVENTS)
        self.transaction = store.transaction
        self.now: Callable[[], int] = lambda: int(now())
        self._outbox = outbox
        self._webhook_types = webhook_types

    def intent(self, key: str) -> PaymentIntent:
        return _found(self.intents, key, "payment_intent", "intent")

    def charge(self, key: str) -> Charge:
        return _found(self.charges, key, "charge", "charge")

    def refund(self, key: str) -> Refund:
        return _found(self.refunds, key, "refund", "refund")

    def dispute(self, key: str) -> Dispute:
        return _found(self.disputes, key, "dispute", "dispute")

    def warning(self, key: str) -> EarlyFraudWarning:
        return _found(self.warnings, key, "early_fraud_warning", "early_fraud_warning")

    def event(self, key: str) -> Event:
        return _found(self.events, key, "event", "id")

    def payment_method(self, key: str) -> Record:
        """A test payment method; like Stripe's, it exists without being created."""
        if key not in METHODS:
            raise missing("PaymentMethod", key, "payment_method")
        return method_object(METHODS[key], self.now())

    def charge_of(self, key: str) -> Charge:
        """The charge of this id, or the latest one of the payment intent of this id.

        Raises:
            StripeError: No such charge.
        """
        if not key.startswith("pi_"):
            return self.charge(key)
        latest = self.intent(key).latest_charge
        if latest is None:
            raise missing("charge", key, "charge")
        return self.charge(latest)

    def list_intents(self, asked: ListParams) -> Listing:
        return _listing(self.intents, asked, "/v1/payment_intents")

    def list_charges(self, asked: ListByIntent) -> Listing:
        return _listing(self.charges, asked, "/v1/charges", asked.payment_intent)

    def list_refunds(self, asked: ListByPayment) -> Listing:
        return _listing(self.refunds, asked, "/v1/refunds", asked.payment_intent, asked.charge)

    def list_disputes(self, asked: ListByPayment) -> Listing:
        return _listing(self.disputes, asked, "/v1/disputes", asked.payment_intent, asked.charge)

    def list_warnings(self, asked: ListByPayment) -> Listing:
        path = "/v1/radar/early_fraud_warnings"
        return _listing(self.warnings, asked, path, asked.payment_intent, asked.charge)

    def list_events(self, asked: ListEvents) -> Listing:
        if asked.type is not None and "*" not in asked.type and not asked.types:
            return _listing(self.events, asked, "/v1/events", asked.type)
        wanted = (*asked.types, *([] if asked.type is None else [asked.type]))
        return _listing(self.events, asked, "/v1/events", globs=wanted)

    def refunds_of(self, charge_id: str) -> Listing:
        """The list of refunds within a charge, for `expand`."""
        data, more = self.refunds.page(Page(limit=INLINE, ref2=charge_id))
        return Listing(data=[*data], has_more=more, url=f"/v1/charges/{charge_id}/refunds")

    def publish(self, kind: str, item: Record, cause: Cause) -> None:
        """Store an event, and send it to the shop if the shop has asked for its type."""
        sent = any(fnmatchcase(kind, wanted) for wanted in self._webhook_types)
        event = Event(
            id=new_id("evt_3"),
            created=self.now(),
            data=EventData(object=Raw(msgspec.json.encode(item))),
            pending_webhooks=int(sent),
            request=EventRequest(id=cause.request_id, idempotency_key=cause.idempotency_key),
            type=kind,
        )
        self.events.add(event.id, event, event.created, ref=kind)
        if sent:
            self._outbox.add("stripe", msgspec.json.encode(event).decode())


def new_id(prefix: str) -> str:
    """Make an id, as unguessable as Stripe's."""
    return prefix + secrets.token_hex(12)


def _found(table: Table[T], key: str, kind: str, param: str) -> T:
    item = table.get(key)
    if item is None:
        raise missing(kind, key, param)
    return item


def _listing(
    table: Table[T],
    asked: ListParams,
    url: str,
    ref: str | None = None,
    ref2: str | None = None,
    globs: tuple[str, ...] = (),
) -> Listing:
    low, high = _bounds(asked.created)
    page = Page(
        limit=asked.limit,
        after=asked.starting_after,
        before=asked.ending_before,
        created_from=low,
        created_to=high,
        ref=ref,
        ref2=ref2,
        ref_globs=globs,
    )
    try:
        data, more = table.page(page)
    except KeyError as error:
        raise missing("object", str(error.args[0]), "starting_after", status=400) from None
    return Listing(data=[*data], has_more=more, url=url)


def _bounds(created: CreatedRange | int | None) -> tuple[int | None, int | None]:
    """The first and last second of a range, both included."""
    if not isinstance(created, CreatedRange):
        return created, created
    lows = [created.gte] if created.gte is not None else []
    highs = [created.lte] if created.lte is not None else []
    lows += [created.gt + 1] if created.gt is not None else []
    highs += [created.lt - 1] if created.lt is not None else []
    return max(lows, default=None), min(highs, default=None)
