"""A rate limit: so many per period, a period's worth of them at once. The generic cell rate algorithm (GCRA).

A caller's use is a single number, the time until which it has paid. So the limit itself is shared, and a connection
needs no object of its own for it.
"""


class RateLimit:
    """A rate limit, shared by its callers. Pure: callers keep their number, and pass the time.

    Args:
        most: The number per period, > 0.
        period_s: The period's length.
    """

    __slots__ = ("_each_s", "_most_s")

    def __init__(self, most: float, period_s: float) -> None:
        self._each_s = period_s / most
        self._most_s = period_s + self._each_s / 2  # Half of one more: sums of fractions are not exact.

    def pay(self, paid_until_s: float, now_s: float, cost: int = 1) -> float:
        """Return the time until which a caller has paid, with this cost added."""
        return max(paid_until_s, now_s) + cost * self._each_s

    def is_kept(self, paid_until_s: float, now_s: float) -> bool:
        """Whether a caller that has paid until this time is within the limit."""
        return paid_until_s - now_s <= self._most_s
