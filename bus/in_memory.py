"""The deliveries that are in memory, so that a sweep brings none of them twice."""

from collections.abc import Iterable, Sequence


class InMemory:
    """The ids of the deliveries that are in a mailbox of this process, or were stored and are about to get there.

    They enter before the commit, or a sweep between commit and hand-over would bring them again. They are remembered
    after they have left until the next read of a sweep begins: a running read may still see their rows.
    """

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._left: set[int] = set()  # Since the last read of a sweep began.
        self._refill_below = 0  # Deliveries in memory; 0 unless a mailbox has refused one.

    def was_here(self, delivery_id: int) -> bool:
        """Return whether a delivery is in memory, or was at some time since the running read began."""
        return delivery_id in self._ids or delivery_id in self._left

    def enter(self, ids: Iterable[int]) -> None:
        """Add deliveries."""
        self._ids.update(ids)

    def receive(self, delivery_id: int) -> bool:
        """Add a delivery that a queue has brought. Return False if it is here already: then this one is a copy."""
        if delivery_id in self._ids:
            return False
        self._ids.add(delivery_id)
        return True

    def leave(self, ids: Sequence[int]) -> bool:
        """Remove deliveries that ended or were deferred. Return whether there is room for those that were refused."""
        self._ids.difference_update(ids)
        self._left.update(ids)
        if len(self._ids) < self._refill_below:
            self._refill_below = 0
            return True
        return False

    def release(self, delivery_id: int) -> None:
        """Remove a delivery that came into no mailbox: its row is there, for the running read too."""
        self._ids.discard(delivery_id)

    def refuse(self) -> None:
        """Note that a mailbox had no room. `leave` reports when half of what is in memory now has left."""
        self._refill_below = len(self._ids) // 2

    def begin_read(self) -> None:
        """Forget what left before: the read of a sweep that begins now does not see it."""
        self._left.clear()
