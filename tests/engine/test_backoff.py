"""Pauses double, are bounded, and are spread by chance where that is wanted."""

import pytest

from engine.backoff import Backoff


def test_pauses_double_up_to_the_bound() -> None:
    backoff = Backoff(0.5, 15.0)

    assert [backoff.pause_s(failures) for failures in (1, 2, 3, 4, 5, 6, 7, 100_000)] == [0.5, 1, 2, 4, 8, 15, 15, 15]


@pytest.mark.parametrize(("failures", "full"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (1000, 10)])
def test_chance_takes_off_up_to_its_share_and_never_adds(failures: int, full: float) -> None:
    pauses = [Backoff(1.0, 10.0, jitter=0.5).pause_s(failures) for _ in range(200)]

    assert full / 2 <= min(pauses) < full * 0.6
    assert full * 0.9 < max(pauses) <= full
