"""The views of this process: the least recently shown go first, once all are larger than allowed."""

from collections import OrderedDict

from bus.messages.base import ProductId
from gateway.views.floors import Floors
from gateway.views.rendered import Rendered


class ViewCache:
    """Views by id.

    Args:
        floors: A view below its floor, or of an earlier epoch, is not there.
        most_bytes: Of all views together.
        most_each: Of one view; a larger one is not kept.
    """

    def __init__(self, floors: Floors, most_bytes: int, most_each: int) -> None:
        self._floors = floors
        self._most_bytes = most_bytes
        self._most_each = most_each
        self._kept: OrderedDict[ProductId, tuple[Rendered, int]] = OrderedDict()
        self.size = 0  # In bytes.

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, product_id: ProductId) -> Rendered | None:
        """Return a view that may be shown."""
        kept = self._kept.get(product_id)
        if kept is None:
            return None
        view, epoch = kept
        if epoch != self._floors.epoch or view.revision < self._floors.of(product_id):
            self.drop(product_id)
            return None
        self._kept.move_to_end(product_id)
        return view

    def put(self, view: Rendered, epoch: int) -> None:
        """Keep a view that was read in this epoch, unless it may not be shown, or a newer one is kept."""
        known = self.get(view.id)
        if epoch != self._floors.epoch or view.revision < self._floors.of(view.id):
            return
        if view.size > self._most_each or (known is not None and known.revision > view.revision):
            return
        self.drop(view.id)
        self._kept[view.id] = view, epoch
        self.size += view.size
        while self.size > self._most_bytes:
            self.drop(next(iter(self._kept)))

    def drop(self, product_id: ProductId) -> None:
        """Forget a view."""
        if kept := self._kept.pop(product_id, None):
            self.size -= kept[0].size
