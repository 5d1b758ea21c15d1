"""The supervisor: restarts actors that crash, and stops all so that nothing accepted is lost.

Each actor works in a task of its own. One that crashes is restarted after a pause that doubles (and is reset by a quiet
minute); its siblings go on. For each message that was being handled the crash counts as a failed try, so that one which
brings an actor down is parked in the end like any other poison.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from anyio.abc import TaskGroup

from engine import telemetry
from engine.cell import ActorCell
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import Crashed

_FORGIVEN_AFTER = timedelta(minutes=1)

_DRAINING = CrashPoint("before-drain", "The edge is closed; what was accepted is still under way.")
_DRAINED = CrashPoint("after-drain", "What was accepted has ended; services are still open.")


class Supervisor:
    """Supervises the actors that this process hosts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cells: dict[str, ActorCell] = {}

    @property
    def cells(self) -> Mapping[str, ActorCell]:
        """The hosted actors, by name."""
        return self._cells

    def host(self, cell: ActorCell) -> None:
        """Add an actor, before `start`."""
        assert cell.name not in self._cells, f"{cell.name} is hosted already"
        self._cells[cell.name] = cell

    def start(self, tasks: TaskGroup) -> None:
        """Start every actor in this task group."""
        for cell in self._cells.values():
            tasks.start_soon(self._keep, cell)

    async def drain(self, within_s: float) -> bool:
        """Let accepted work end: calls, then the turns that record them, then the messages that these send in memory.

        Stop the sources of new work first. Stored messages that have not begun stay stored for the next start.

        Returns:
            Whether all work ended in time.
        """
        _DRAINING.reach()
        try:
            async with asyncio.timeout(within_s):
                await self._clock.at_rest()
            _DRAINED.reach()
        except TimeoutError:
            left = {name: cell.mailbox.size for name, cell in self._cells.items() if cell.mailbox.size}
            telemetry.logger().warning("stopping before all was done; the next start goes on with it", left=left)
            return False
        return True

    async def _keep(self, cell: ActorCell) -> None:
        failures = 0
        while True:
            started = self._clock.now()
            crash: BaseException = RuntimeError("a handler was cancelled from within")
            try:
                await cell.run()  # Returns only if a handler raised CancelledError, which a task group swallows.
            except (Exception, BaseExceptionGroup) as raised:  # noqa: BLE001 - logged below
                crash = _first(raised)
            failures = 1 if self._clock.now() - started > _FORGIVEN_AFTER else failures + 1
            in_hand = [envelope.id for envelope in cell.mailbox.in_hand]
            cell.log.error("an actor crashed", exc_info=crash, message_ids=in_hand, failures=failures)
            telemetry.RESTARTS.labels(cell.name).inc()
            await cell.outcomes.fail_taken(Crashed(cell.name, crash))
            await cell.availability.pause(failures)


def _first(crash: BaseException) -> BaseException:
    """Return the first error of the group that a task group raises."""
    return _first(crash.exceptions[0]) if isinstance(crash, BaseExceptionGroup) else crash
