"""The history of products, as staff see it."""

from collections.abc import Sequence
from typing import Any

from bus.messages.base import Instant
from bus.messages.catalog import FieldChange, HistoryEntry
from gateway.api.bodies import View
from gateway.api.lists import ListView


class FieldChangeView(View, frozen=True, kw_only=True):
    """A field before and after a change; null where it is not there. A SKU is one: `skus.MUG`."""

    field: str
    before: Any  # JSON: a text, a list, or all of a SKU.
    after: Any


class ChangeView(View, frozen=True, kw_only=True):
    """A change of a product. `by` is the member of staff or the program that made it."""

    revision: int
    at: Instant
    by: str
    fields: Sequence[FieldChangeView]


class ProductHistoryView(ListView[ChangeView], frozen=True, kw_only=True):
    """A page of changes, the last first, and the cursor of the next page; null at the end."""


def change_view(entry: HistoryEntry) -> ChangeView:
    """Show a change."""
    return ChangeView(revision=entry.revision, at=entry.at, by=entry.by, fields=field_views(entry.fields))


def field_views(fields: Sequence[FieldChange]) -> list[FieldChangeView]:
    """Show the fields of a change."""
    return [FieldChangeView(field=each.field, before=each.before, after=each.after) for each in fields]
