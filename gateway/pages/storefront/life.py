"""An order's life as its buyer sees it: five steps, and a word on how it ended. Pure."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from bus.messages.base import Address
from bus.messages.order import OrderStatus
from gateway.address_forms import address_form
from gateway.api.order import MomentView, OrderView
from gateway.pages.languages import Language
from gateway.pages.storefront.countries import country_name

State: TypeAlias = Literal["done", "now", "next"]

# The steps that a customer thinks in, and the statuses that each stands for.
STEPS: Final[Sequence[tuple[str, Sequence[OrderStatus]]]] = (
    ("Ordered", ("pending_payment", "payment_processing")),
    ("Paid", ("paid", "picking")),
    ("Packed", ("packed",)),
    ("On its way", ("shipped", "in_transit")),
    ("Delivered", ("delivered",)),
)
FINAL: Final[Sequence[OrderStatus]] = ("delivered", "cancelled")
CANCELLABLE: Final[Sequence[OrderStatus]] = ("pending_payment", "payment_processing", "paid", "picking")
_MONEY_CAME: Final = ("PaymentReceived", "PaymentCameLate")


class Step(NamedTuple):
    """A step of an order. The title is in English."""

    title: str
    state: State


class Told(NamedTuple):
    """Facts that the page of an order tells, beside what the order itself says."""

    steps: Sequence[Step]
    ending: str
    money_back: Literal["", "nothing", "follows", "done"]
    is_final: bool
    is_cancellable: bool
    address: Sequence[str]
    newest: Sequence[MomentView]  # Of its timeline: those of one moment, the later first.


def told(language: Language, order: OrderView) -> Told:
    """Tell an order to its buyer."""
    ships_to = order.ships_to
    return Told(
        steps=steps(order.status),
        ending=ending(order),
        money_back=money_back(order),
        is_final=order.status in FINAL,
        is_cancellable=order.status in CANCELLABLE,
        address=address_lines(language, ships_to.name, ships_to.address) if ships_to else (),
        newest=sorted(order.timeline, key=lambda moment: moment.at)[::-1],
    )


def steps(status: OrderStatus) -> Sequence[Step]:
    """Return the steps of an order; none if it has left the way, or has a status of a later version."""
    at = next((index for index, (_, statuses) in enumerate(STEPS) if status in statuses), None)
    if at is None:
        return ()
    return [Step(title, _state(index, at, status)) for index, (title, _) in enumerate(STEPS)]


def _state(index: int, at: int, status: OrderStatus) -> State:
    if index < at or status == "delivered":
        return "done"
    return "now" if index == at else "next"


def ending(order: OrderView) -> str:
    """Say why an order was cancelled, in English; "" if it was not."""
    return next((each.text for each in reversed(order.timeline) if each.event == "OrderCancelled"), "")


def was_paid(order: OrderView) -> bool:
    """Whether money came for an order, in time or late."""
    return any(each.event in _MONEY_CAME for each in order.timeline)


def money_back(order: OrderView) -> Literal["", "nothing", "follows", "done"]:
    """Say what becomes of the money of a cancelled order: nothing was charged, it follows, or it is back."""
    if order.status != "cancelled":
        return ""
    if not was_paid(order):
        return "nothing"
    return "done" if order.refunded.amount >= order.total.amount else "follows"


def address_lines(language: Language, name: str, address: Address) -> Sequence[str]:
    """Write an address in lines, as it stands on a parcel. What is not known is left out."""
    order = [field.name for field in address_form(address.country) or ()]
    town = [getattr(address, part) for part in order if part not in ("line1", "line2")]
    country = country_name(language, address.country)
    lines = (name, address.line1, address.line2, " ".join(filter(None, town)), country)
    return [line for line in lines if line]
