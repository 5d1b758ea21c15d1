"""When the keeper of keys has something to do."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.vault.rules import is_due, next_look

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("age", "due"), [(0, False), (29.9, False), (30, True), (400, True)])
def test_a_key_is_turned_after_thirty_days(age: float, due: bool) -> None:
    assert is_due(NOON - timedelta(days=age), NOON) == due


@pytest.mark.parametrize(
    ("age", "older_left", "look"),
    [
        (timedelta(0), False, NOON + timedelta(days=1)),
        (timedelta(days=29.5), False, NOON + timedelta(days=0.5)),
        (timedelta(0), True, NOON + HOUR),
        (timedelta(hours=5), True, NOON + timedelta(minutes=1)),  # Somebody holds what is left.
    ],
)
def test_the_next_look_is_at_the_first_thing_that_falls_due(age: timedelta, older_left: bool, look: datetime) -> None:
    assert next_look(NOON - age, NOON, outlived_by=HOUR if older_left else None) == look
