"""A parcel service: takes bookings, moves parcels as time passes, and reports every step to the shop.

The next step of a parcel is a row with a due time, so parcels go on after a restart where they were. A parcel to
city EXCEPTION gets stuck on its way and moves on only by hand.
"""

import secrets
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from sandbox.core.due import Clock, DueQueue
from sandbox.core.store import Page, Store, Table
from sandbox.core.webhooks import Outbox

KEEP = 500_000  # Shipments.
TROUBLED = "EXCEPTION"

Status: TypeAlias = str  # Carriers have their own words; this one's usual ones are in `WORDS`.
Word = Annotated[str, Meta(min_length=1, max_length=200)]
WORDS: tuple[Status, ...] = (
    "booked", "picked_up", "in_transit", "out_for_delivery", "available_for_pickup", "delivered", "exception",
    "return_to_sender", "cancelled",
)  # fmt: skip

# The life of a parcel as time passes. By hand it may jump, but never out of an end.
NEXT: dict[Status, Status] = {
    "booked": "picked_up",
    "picked_up": "in_transit",
    "in_transit": "out_for_delivery",
    "out_for_delivery": "delivered",
}
ENDS = frozenset[Status]({"delivered", "cancelled"})
DETAILS: dict[Status, str] = {
    "picked_up": "At the depot",
    "in_transit": "Left the sorting centre",
    "out_for_delivery": "On the van",
    "delivered": "Handed over",
    "available_for_pickup": "Waits at the parcel shop",
    "exception": "Address not found",
    "return_to_sender": "On its way back",
    "cancelled": "By the sender",
}


class Recipient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address a parcel goes to."""

    name: Word
    line1: Word
    city: Word
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]
    line2: str | None = None
    region: str | None = None
    postal_code: str | None = None  # Some countries have none.
    phone: str | None = None


class Booking(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sender's order to carry a parcel."""

    reference: Word  # The sender's own name for the parcel.
    service: Word
    weight_g: Annotated[int, Meta(ge=1, le=1_000_000)]
    recipient: Recipient


class Shipment(Struct, frozen=True, kw_only=True):
    """A parcel and where it is. Immutable: a scan makes a new one under the same id."""

    id: str
    tracking_number: str
    status: Status
    service: str
    label_url: str
    reference: str
    weight_g: int
    recipient: Recipient
    created_at: str  # RFC 3339 UTC.
    updated_at: str


class Scan(Struct, frozen=True, kw_only=True):
    """The body of a webhook: a step of a parcel, as reported to the shop."""

    id: str
    tracking_number: str
    status: Status
    at: str
    detail: str


class Step(Struct, frozen=True):
    """A planned step: the parcel moves on when it is due."""

    shipment_id: str


class UnexpectedStatus(Exception):
    """The parcel's status does not allow this step any more."""


class Carrier:
    """Books parcels and moves them. The only writer of its tables."""

    def __init__(self, store: Store, outbox: Outbox, pace_s: float | None, now: Clock) -> None:
        self._shipments = Table(store, "shipments", Shipment, KEEP)
        self._steps = Table(store, "carrier_steps", Step, KEEP)
        self._transaction = store.transaction
        self._outbox = outbox
        self._pace_s = pace_s
        self._now = now
        self._queue = DueQueue(now, self._steps.keys())
        self._queue.pause(pace_s is None)
        self.base_url = ""  # Of labels; known once the server listens.

    def book(self, booking: Booking) -> Shipment:
        """Book a new parcel for every call; the idempotency key is what makes a repeat harmless."""
        key, at = secrets.token_hex(8), self._time()
        shipment = Shipment(
            id="shp_" + key,
            tracking_number="SB" + key.upper(),
            status="booked",
            service=booking.service,
            label_url=f"{self.base_url}/carrier/labels/shp_{key}",
            reference=booking.reference,
            weight_g=booking.weight_g,
            recipient=booking.recipient,
            created_at=at,
            updated_at=at,
        )
        self._shipments.add(shipment.id, shipment, self._now(), ref=booking.reference, ref2=shipment.tracking_number)
        self._plan(shipment)
        return shipment

    def get(self, key: str) -> Shipment | None:
        return self._shipments.get(key)

    def by_reference(self, reference: str) -> list[Shipment]:
        return self._shipments.by_ref(reference)

    def by_tracking_number(self, tracking_number: str) -> Shipment | None:
        return next(iter(self._shipments.by_ref2(tracking_number)), None)

    def all(self) -> list[Shipment]:
        return self._shipments.all()

    def newest(self, limit: int) -> list[Shipment]:
        return self._shipments.page(Page(limit=limit))[0]

    def cancel(self, shipment: Shipment) -> Shipment:
        """Cancel a parcel. Safe to repeat.

        Raises:
            UnexpectedStatus: It has been picked up.
        """
        if shipment.status == "cancelled":
            return shipment
        if shipment.status != "booked":
            raise UnexpectedStatus(f"A shipment that is {shipment.status} cannot be cancelled.")
        return self._move(shipment, "cancelled")

    async def advance(self, tracking_number: str, status: Status, detail: str = "", *, at: str = "") -> Shipment:
        """Scan a parcel by hand, whatever came before; its webhook is on its way when this returns.

        Args:
            tracking_number: The parcel's.
            status: Any word: the usual ones move the parcel on, and others it stays at.
            detail: In the carrier's words; the usual ones if empty.
            at: The time as the webhook has it; now if empty.

        Raises:
            KeyError: No such parcel.
            UnexpectedStatus: It is delivered or cancelled.
        """
        shipment = self.by_tracking_number(tracking_number)
        if shipment is None:
            raise KeyError(tracking_number)
        if shipment.status in ENDS:
            raise UnexpectedStatus(f"The shipment is already {shipment.status}.")
        with self._transaction():
            moved = self._move(shipment, status)
            self._report(moved, detail, at)
        return moved

    def wake(self) -> None:
        self._queue.wake()

    async def run(self) -> None:
        """Move parcels as their time comes, until cancelled."""
        while True:
            self._step(await self._queue.take())

    def _step(self, key: str) -> None:
        step = self._steps.get(key)
        shipment = None if step is None else self._shipments.get(step.shipment_id)
        if shipment is None or shipment.status not in NEXT:
            return
        status = NEXT[shipment.status]
        if status == "out_for_delivery" and shipment.recipient.city == TROUBLED:
            status = "exception"
        with self._transaction():
            self._report(self._move(shipment, status), "")

    def _move(self, shipment: Shipment, status: Status) -> Shipment:
        moved = replace(shipment, status=status, updated_at=self._time())
        self._shipments.update(moved.id, moved)
        self._plan(moved)
        return moved

    def _plan(self, shipment: Shipment) -> None:
        """Plan the parcel's next step. It replaces the planned one; a parcel at its end has none."""
        self._steps.delete(shipment.id)
        if shipment.status in NEXT:
            due = self._now() + (self._pace_s or 0)
            self._steps.add(shipment.id, Step(shipment.id), due)
            if self._pace_s is not None:
                self._queue.put(due, shipment.id)

    def _report(self, shipment: Shipment, detail: str, at: str = "") -> None:
        scan = Scan(
            id="scan_" + secrets.token_hex(8),
            tracking_number=shipment.tracking_number,
            status=shipment.status,
            at=at or shipment.updated_at,
            detail=detail or DETAILS.get(shipment.status, ""),
        )
        self._outbox.add("carrier", msgspec.json.encode(scan).decode())

    def _time(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
