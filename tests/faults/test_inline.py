"""Every look that an inline turn takes is missed by somebody: without it, events are handled out of order, or fail."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import pytest

from bus.deliveries import Deliveries
from engine.clock import ManualClock
from engine.inline import InlineTurns
from engine.mailbox import Mailbox
from engine.postgres import Database
from engine.turns import Turns
from tests.faults.ablation_patches import replaced, rewritten
from tests.faults.conftest import Scale
from tests.faults.report import Report
from tests.faults.scenarios import inline
from tests.faults.scenarios.inline import InlineScenario


async def _no_rows(*_: object) -> tuple[()]:
    return ()


class Look(NamedTuple):
    """One safeguard of inline turns."""

    name: str
    off: Callable[[], AbstractContextManager[None]]
    scenario: InlineScenario


LOOKS = (
    Look(
        "the lane's look",
        lambda: replaced(Mailbox, "has_lane", lambda *_: False),
        inline.a_call_of_the_same_key_is_under_way,
    ),
    Look(
        "the row's look",
        lambda: replaced(Deliveries, "find_waiting", _no_rows),
        inline.another_process_has_stored_an_event_of_the_same_key,
    ),
    Look(
        "what the transaction itself stores",
        lambda: rewritten(InlineTurns._hindrance, ("item.lane in self._stored", "False")),
        inline.an_earlier_event_of_the_same_transaction_is_stored,
    ),
    Look(
        "the listener's own turn",
        lambda: rewritten(Turns._take_next, ("self._is_in_turn = True", "pass")),
        inline.a_listener_is_in_a_turn_of_its_own,
    ),
    Look(
        "the listener is lent",
        lambda: rewritten(Turns.lend, ("self._is_lent = True", "pass")),
        inline.a_publisher_has_the_listener,
    ),
    Look(
        "the fallback",
        lambda: rewritten(Turns._run_handler, ("except ListenerFailed", "except ZeroDivisionError")),
        inline.a_listener_fails,
    ),
)


@pytest.mark.parametrize("look", [pytest.param(look, id=look.name) for look in LOOKS])
async def test_with_it_the_scenario_finds_nothing(database: Database, clock: ManualClock, look: Look) -> None:
    assert await look.scenario(database, clock) == []


@pytest.mark.parametrize("look", [pytest.param(look, id=look.name) for look in LOOKS])
async def test_without_it_the_scenario_finds_something(
    database: Database, clock: ManualClock, scale: Scale, report: Report, look: Look
) -> None:
    with look.off():
        findings = await look.scenario(database, clock)

    assert findings
    campaign = report.campaign(f"inline turns without {look.name} (missed)", scale.seed)
    campaign.runs += 1
    campaign.notes.append(f"Without it: {findings[0]}.")
