"""Stuck items as screens read them. The API writes a remedy's body as it is stored; to send it, a page must read it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from bus.messages.audit import StuckKind
from bus.messages.base import Money


class KnownRemedy(msgspec.Struct, frozen=True, kw_only=True):
    """A remedy in words, and the one request that applies it."""

    say: str
    method: str
    path: str
    body: Mapping[str, object] | None


class StuckRow(msgspec.Struct, frozen=True, kw_only=True):
    """Money or an order that waits for a person."""

    id: str
    kind: StuckKind
    order_id: str | None
    amount: Money | None
    since: datetime
    age_s: int
    detail: str
    remedy: KnownRemedy


class StuckRows(msgspec.Struct, frozen=True, kw_only=True):
    """A page of stuck items, the oldest first, and the cursor of the next."""

    items: Sequence[StuckRow]
    next: str | None
