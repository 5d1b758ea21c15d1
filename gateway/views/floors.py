"""Floors: the least revision of each product that this process may show."""

from collections.abc import Sequence
from typing import Final

from bus.messages.base import ProductId
from bus.messages.views import ViewRevision

_MOST: Final = 50_000  # Products with a floor: some megabytes. An import of more empties the cache once.


class Floors:
    """The floors of this process. Raised by whoever hears of a change; a product without one was not heard of."""

    def __init__(self) -> None:
        self._floors: dict[ProductId, tuple[int, int]] = {}  # Each with the mark of its last rise.
        self.mark = 0  # Counts the times that floors were raised.
        self.epoch = 0  # What was read in an earlier one may be older than changes that were not heard of.

    def of(self, product_id: ProductId) -> int:
        """Return the least revision that may be shown."""
        return self._floors.get(product_id, (0, 0))[0]

    def raise_to(self, revisions: Sequence[ViewRevision]) -> None:
        """Show no older views of these products."""
        self.mark += 1
        for each in revisions:
            if each.revision > self.of(each.product_id):
                self._floors[each.product_id] = each.revision, self.mark
        if len(self._floors) > _MOST:
            self._floors.clear()
            self.forget_all()

    def was_known(self, product_id: ProductId, mark: int) -> bool:
        """Whether the floor of a product has not risen since a mark."""
        return self._floors.get(product_id, (0, 0))[1] <= mark

    def lower(self, product_id: ProductId) -> None:
        """Forget a floor, for the database itself is below it: it was restored."""
        self._floors.pop(product_id, None)

    def forget_all(self) -> None:
        """Show nothing any more that was read so far: changes may have been missed."""
        self.epoch += 1
