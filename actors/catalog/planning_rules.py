"""Rules of planned changes. Pure."""

from datetime import datetime, timedelta
from typing import Final

from bus.messages.catalog import ChangedMeanwhile, ChangeProduct, NoSuchProduct, Product, ProductExists
from bus.messages.planning import PlannedChange

FARTHEST: Final = timedelta(days=730)
_EMPTY: Final = ChangeProduct(id="")


def refusal(due: datetime, change: ChangeProduct, before: PlannedChange | None, now: datetime) -> str | None:
    """The reason to refuse a plan; None if it is fine.

    Args:
        due: When the change shall be made.
        change: The change.
        before: The plan as it is; None for a new one.
        now: The time.
    """
    names = [name for name in change.__struct_fields__ if name not in ("id", "by", "expected")]
    checks = [
        (before is None or before.done_at is None, "its time has come already"),
        (due > now, "due is in the past"),
        (due <= now + FARTHEST, f"due is at most {FARTHEST.days} days from now"),
        (any(getattr(change, name) != getattr(_EMPTY, name) for name in names), "change: it changes nothing"),
    ]
    return next((reason for fits, reason in checks if not fits), None)


def reason(answer: Product | NoSuchProduct | ProductExists | ChangedMeanwhile) -> str | None:
    """Why a change could not be made, in a sentence; None if it could."""
    match answer:
        case Product():
            return None
        case NoSuchProduct():
            return "the product is gone"
        case ProductExists():
            return "its slug or a SKU is taken"
        case ChangedMeanwhile():
            return "the product has changed meanwhile"
