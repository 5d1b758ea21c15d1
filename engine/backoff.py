"""Backoff: the pause before the next try. Doubles with each failure, is bounded, and may be spread by chance."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """A schedule of pauses.

    Args:
        first_s: The pause after the first failure.
        longest_s: The bound.
        jitter: The share of a pause that chance may take off, from 0 to 1, so that many callers do not return at once.
    """

    first_s: float
    longest_s: float
    jitter: float = 0.0

    def pause_s(self, failures: int) -> float:
        """Return the pause after this many failures in a row, at least 1."""
        full: float = min(self.longest_s, self.first_s * 2 ** min(failures - 1, 30))
        return full * random.uniform(1.0 - self.jitter, 1.0) if self.jitter else full  # noqa: S311 - guards nothing
