"""A rate limit: so many per period, a period's worth of them at once. The generic cell rate algorithm (GCRA).

A caller's use is a single number, its theoretical arrival time (TAT): when its next message would come if it kept to
the rate. So the limit itself is shared, and a connection needs no object of its own for it.
"""


class RateLimit:
    """A rate limit, shared by its callers. Pure: callers keep their TAT, and pass the time.

    Args:
        most: The number per period, > 0.
        period_s: The period's length.
    """

    __slots__ = ("_burst_s", "_interval_s")

    def __init__(self, most: float, period_s: float) -> None:
        self._interval_s = period_s / most
        self._burst_s = period_s + self._interval_s / 2  # Half of one more: sums of fractions are not exact.

    def charge(self, tat_s: float, now_s: float, cost: int = 1) -> float:
        """Return a caller's new TAT, with this cost added."""
        return max(tat_s, now_s) + cost * self._interval_s

    def penalize(self, tat_s: float, now_s: float, cost: int) -> float:
        """Return a refused caller's new TAT: this cost later, and at most a period beyond the limit."""
        return max(tat_s, min(tat_s + cost * self._interval_s, now_s + 2 * self._burst_s))

    def allows(self, tat_s: float, now_s: float) -> bool:
        """Whether a caller with this TAT is within the limit."""
        return tat_s - now_s <= self._burst_s

    def wait_s(self, tat_s: float, now_s: float) -> float:
        """Return after how many seconds a caller with this TAT is within the limit; 0 if it is."""
        return 0.0 if self.allows(tat_s, now_s) else tat_s - now_s - self._burst_s

    def spent_s(self, cost: int) -> float:
        """Return a cost in seconds of TAT: another process with the same limit can add it."""
        return cost * self._interval_s
