"""Filters of the list of orders, as its address has them, and the addresses around it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

from litestar.datastructures import MultiDict

ONE: Final = ("q", "payment", "from", "to", "late")  # Those that have one value.
MANY: Final = ("status",)
_LONGEST: Final = 100
_MOST: Final = 9  # Values of one filter.

Pairs = Sequence[tuple[str, str]]


class Filters(NamedTuple):
    """The filters of a list, in the order of their address, and the cursor of its page."""

    pairs: Pairs
    cursor: str

    @property
    def query(self) -> str:
        """The filters as the query of an address, without the cursor."""
        return urlencode(self.pairs)

    def value(self, name: str) -> str:
        """Return the value of a filter that has one; "" if it is not set."""
        return next((value for key, value in self.pairs if key == name), "")

    def values(self, name: str) -> Sequence[str]:
        """Return all values of a filter."""
        return [value for key, value in self.pairs if key == name]

    def without(self, name: str, value: str) -> str:
        """Return the address of the list without one filter."""
        left = [pair for pair in self.pairs if pair != (name, value)]
        return f"?{urlencode(left)}"

    def api_query(self, limit: int, cursor: str | None = None) -> str:
        """Write the query for the API, which has the same names."""
        at = self.cursor if cursor is None else cursor
        return urlencode([*self.pairs, ("limit", str(limit)), *([("cursor", at)] if at else [])])

    def page(self, cursor: str) -> str:
        """Return the address of another page of the list."""
        return f"?{urlencode([*self.pairs, ('cursor', cursor)])}"


def filters_of(given: "MultiDict[str] | Mapping[str, str]") -> Filters:
    """Read filters from the query of an address; what is no filter, or empty, is passed over."""
    items = given.multi_items() if isinstance(given, MultiDict) else given.items()
    known = [(name, str(value).strip()[:_LONGEST]) for name, value in items if name in (*ONE, *MANY)]
    pairs = [pair for pair in dict.fromkeys(known) if pair[1]]
    counted = [pair for name in (*MANY, *ONE) for pair in [each for each in pairs if each[0] == name][:_MOST]]
    return Filters(counted, str(dict(items).get("cursor", ""))[:_LONGEST])
