"""Crash points: named places where a test ends the process, as a power failure would, to check that nothing is lost.

Every commit, hand-over and outside call has some, in the code that ships, because a copy made for tests is another
program. Off, a point costs one comparison. `SHOPFLOW_CRASH_AT` turns one on (see `arm`).

    _BOOKED = CrashPoint("carrier-booked", "The carrier has booked a parcel; nobody here knows it.")
    ...
    _BOOKED.reach()
"""

import os
import signal
from collections.abc import Callable
from typing import ClassVar

from engine.errors import BadSetting


class CrashPoint:
    """A place where the process may end.

    Args:
        name: Unique, for `SHOPFLOW_CRASH_AT`.
        says: What has happened by then, and what has not.
    """

    known: ClassVar[dict[str, "CrashPoint"]] = {}

    def __init__(self, name: str, says: str) -> None:
        assert name not in self.known, f"there are two crash points {name}"
        self.name = name
        self.says = says
        self.known[name] = self

    def reach(self, place: str = "") -> None:
        """End the process, if this point is armed. `place` distinguishes the same point of several actors."""
        if _armed is not None:
            _armed.reach(self.name, place)


class _Armed:
    """The point that ends the process, the `left`-th time it is reached."""

    def __init__(self, name: str, place: str, left: int, end: Callable[[], None]) -> None:
        self._name = name
        self._place = place
        self._left = left
        self._end = end

    def reach(self, name: str, place: str) -> None:
        if name != self._name or self._place not in ("", place):
            return
        self._left -= 1
        if not self._left:
            self._end()


_armed: _Armed | None = None


def kill() -> None:
    """End this process at once: no `finally`, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(where: str, end: Callable[[], None] = kill) -> None:
    """Arm a point; none, if `where` is empty.

    Args:
        where: `NAME`, `NAME@PLACE` or `NAME@PLACE:3` for the third time.
        end: Called there, once.

    Raises:
        BadSetting: There is no such point, or the count is no positive number.
    """
    global _armed  # noqa: PLW0603 - there is one process to end
    _armed = None
    if not where:
        return
    spot, _, count = where.partition(":")
    name, _, place = spot.partition("@")
    if name not in CrashPoint.known:
        raise BadSetting(f"SHOPFLOW_CRASH_AT: there is no {name}; there are {', '.join(sorted(CrashPoint.known))}")
    if not (count or "1").isdecimal() or int(count or "1") < 1:
        raise BadSetting("SHOPFLOW_CRASH_AT: must look like NAME, NAME@PLACE or NAME@PLACE:3")
    _armed = _Armed(name, place, int(count or "1"), end)
