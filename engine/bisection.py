"""Bisection: which part of a failed batch to try next, until each culprit stands alone.

The first half of the suspects is tried. If it passes, the culprit is in the second half; if it fails, in the first.
So one culprit among 512 is found in a dozen tries. Once it is found, the rest is tried together again: a quarter as
many with each culprit, twice as many with each success.

Pure: sizes only, counted from the front of what is left. It never sees a message.
"""


class Bisection:
    """The search through one batch that has failed as a whole."""

    def __init__(self, failed: int) -> None:
        self._suspects = failed  # As many of the first failed together; 0 while none are suspected.
        self._reach = 4 * failed  # How many to try together while none are.

    def next_size(self, left: int) -> int:
        """Return how many of the `left` first messages to try next."""
        if self._suspects:
            return self._suspects // 2 or 1
        return min(self._reach, left)

    def passed(self, size: int) -> None:
        """Note that the first `size` messages passed and are gone."""
        if self._suspects:
            self._suspects -= size
        else:
            self._reach *= 2

    def failed(self, size: int) -> bool:
        """Note that the first `size` messages failed. Return whether the culprit stands alone, and is gone."""
        if size > 1:
            self._suspects = size
            return False
        self._suspects = 0
        self._reach = max(1, self._reach // 4)
        return True

    def forget(self) -> None:
        """Suspect none: the messages left are not those that failed."""
        self._suspects = 0
