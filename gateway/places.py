"""Places for what lasts: connections, websockets, streams. Bounded in all, and per client address."""

from typing import Literal, TypeAlias

Full: TypeAlias = Literal["all", "address"]


class Places:
    """Counts who is there.

    Args:
        most: In all.
        most_each: Of one address; 0 for no bound.
    """

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._taken: dict[str, int] = {}
        self._all = 0

    def __len__(self) -> int:
        return self._all

    def full(self, address: str, *, shared: bool = False) -> Full | None:
        """Return which bound leaves no place; None if there is one.

        Args:
            address: The client's.
            shared: Many clients have this address, as behind a proxy: only the bound of all counts.
        """
        if self._all >= self._most:
            return "all"
        if self._most_each and not shared and self._taken.get(address, 0) >= self._most_each:
            return "address"
        return None

    def take(self, address: str) -> None:
        """Take a place."""
        self._all += 1
        self._taken[address] = self._taken.get(address, 0) + 1

    def give_back(self, address: str) -> None:
        """Give a place back that was taken for this address."""
        self._all -= 1
        left = self._taken[address] - 1
        if left:
            self._taken[address] = left
        else:
            del self._taken[address]
