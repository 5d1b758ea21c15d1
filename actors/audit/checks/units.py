"""Units are sold once they are paid, and leave the shelf once they are shipped. Pure."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from actors.audit.case import GONE, UNPAID, Case, counted, in_words
from bus.messages.audit import Finding
from bus.messages.base import Sku
from bus.messages.inventory import HoldFact, ReadHoldFacts

ASKS: Final = (ReadHoldFacts,)
MOVED_BY: Final = ("inventory",)

_KEPT: Final = frozenset({"payment", "processing", "sold", "shipped"})  # Stages whose units no other order gets.
_NOTHING: Final = Counter[Sku]()


def check(case: Case) -> Iterator[Finding]:
    """Compare an order with its holds.

    Units in `checkout` are fine: a repeat holds them, finds its order cancelled and gives them back; or they expire.
    """
    order, holds = case.order, case.of(HoldFact)
    kept = counted(hold for hold in holds if hold.stage in _KEPT)
    if order is None:
        yield from case.stray("units that were sold or wait for money", is_left=bool(kept))
        return
    ordered, sold = counted(order.units), counted(hold for hold in holds if hold.stage in ("sold", "shipped"))
    gone = counted(hold for hold in holds if hold.stage == "shipped")
    yield from case.broken(
        ("paid_is_sold", order.status in UNPAID or sold == ordered,
         f"{in_words(sold)} is sold, {in_words(ordered)} was ordered", "count_or_cancel"),
        ("shipped_has_left", gone == (ordered if order.status in GONE else _NOTHING),
         f"{in_words(gone)} left the shelf, the order is {order.status}", "redrive_or_count"),
        ("unpaid_is_not_sold", order.status != "pending_payment" or not sold,
         f"{in_words(sold)} is sold, the order waits to be paid", "cancel_order"),
        ("cancelled_keeps_nothing", order.status != "cancelled" or not kept,
         f"{in_words(kept)} is kept for a cancelled order", "count_or_redrive"),
    )  # fmt: skip
