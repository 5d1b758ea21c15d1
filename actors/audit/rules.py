"""Findings that concern no single order, and the last steps for all findings. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bus.messages.audit import CheckId, Finding, Remedy
from bus.messages.base import OrderId, Sku

MOST_FINDINGS: Final = 1000

# Which domain's counters `repair` sets, by the check that failed.
STOCK_CHECKS: Final[frozenset[CheckId]] = frozenset(
    {
        "assigned_equals_holds", "assigned_equals_ledger", "held_equals_holds", "held_equals_ledger",
        "never_oversold", "readers_know_level",
    }
)  # fmt: skip
REFUND_CHECKS: Final[frozenset[CheckId]] = frozenset(
    {"refunds_equal_rows", "refunds_equal_stripes", "objections_equal_stripes", "refunded_agrees"}
)
MEDIA_CHECKS: Final[frozenset[CheckId]] = frozenset({"object_has_image", "image_has_objects", "use_is_known"})

SEARCH_CHECKS: Final[frozenset[CheckId]] = frozenset({"product_is_indexed", "indexed_is_on_sale"})
VIEW_CHECKS: Final[frozenset[CheckId]] = frozenset({"view_is_product", "view_is_late_enough"})


@dataclass(frozen=True, slots=True)
class OverdueDeliveries:
    """Deliveries of one type that their subscriber should have handled by now."""

    subscriber: str
    type: str
    count: int
    oldest: datetime


def missing(order_id: OrderId) -> Finding:
    """Report an order that a buyer was answered with and that does not exist."""
    return Finding(
        check="answered_orders_exist",
        about=order_id,
        detail="its checkout was answered, and there is no such order",
        remedy=Remedy(action="restore_order", target=order_id),
    )


def overdue(late: OverdueDeliveries) -> Finding:
    """Report deliveries that are not handled though their time has come."""
    return Finding(
        check="nothing_is_overdue",
        about=f"{late.subscriber} {late.type}",
        detail=f"{late.count} should have been handled by now, the oldest since {late.oldest:%Y-%m-%d %H:%M:%S} UTC",
        remedy=Remedy(action="host_actor", target=late.subscriber),
    )


def stale(sku: Sku, detail: str) -> Finding:
    """Report a cached level that is not the inventory's."""
    remedy = Remedy(action="repair", target=sku)
    return Finding(check="readers_know_level", about=sku, detail=f"{detail}, by what Redis keeps", remedy=remedy)


def with_letter(finding: Finding, letter_id: int, why: str) -> Finding:
    """Set a finding's remedy to the parked message about it, which must be redriven first."""
    remedy = Remedy(action="redrive", target=str(letter_id), detail=why)
    return Finding(check=finding.check, about=finding.about, detail=finding.detail, remedy=remedy)


def bounded(findings: Sequence[Finding]) -> list[Finding]:
    """Keep at most a thousand findings; the last one reports how many more there are."""
    if len(findings) <= MOST_FINDINGS:
        return list(findings)
    more = f"{len(findings) - MOST_FINDINGS + 1} more findings are not told"
    last = Finding(check="more_findings", about="", detail=more, remedy=Remedy(action="see_to_others_first"))
    return [*findings[: MOST_FINDINGS - 1], last]
