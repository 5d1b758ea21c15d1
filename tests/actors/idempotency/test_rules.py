"""What is asked under an idempotency key is done once, by one of those who ask."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.idempotency.rules import LEASE, Claim, decide, stage_of, take_over
from bus.messages.idempotency import Claimed, ClaimKey, InProgress, Kept, Mismatch

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def claim(at: datetime = NOON, *, body: str = "body", began_at: datetime | None = NOON, status: int = 0) -> Claim:
    return Claim("key", body, "token", at, began_at, status or None, b"answer" if status else None)


def ask(body: str = "body") -> ClaimKey:
    return ClaimKey(key="key", body_hash=body)


def test_the_first_of_a_turns_twins_has_the_claim() -> None:
    decided = decide([ask(), ask(), ask("other")], {"key": claim()}, {}, NOON)

    assert decided.answers == [
        Claimed(token="token", at=NOON, began_at=NOON, is_first=True), InProgress(), Mismatch()
    ]  # fmt: skip
    assert not decided.taken_over


def test_a_claim_that_lapsed_is_taken_over_by_one_with_its_token_and_its_beginning() -> None:
    later = NOON + LEASE

    decided = decide([ask(), ask()], {}, {"key": claim()}, later)

    assert decided.answers == [Claimed(token="token", at=later, began_at=NOON, is_first=False), InProgress()]
    assert decided.taken_over == [claim(later)]


def test_a_claim_of_an_earlier_version_began_when_it_was_made() -> None:
    assert take_over(claim(began_at=None), NOON + LEASE).began_at == NOON


def test_what_was_done_is_answered_with_what_was_kept() -> None:
    decided = decide([ask(), ask("other")], {}, {"key": claim(status=201)}, NOON + LEASE)

    assert decided.answers == [Kept(status=201, content=b"answer"), Mismatch()]


@pytest.mark.parametrize(
    ("age", "stage"),
    [
        (timedelta(), "running"),
        (LEASE - SECOND, "running"),
        (LEASE, "lapsed"),
        (-LEASE, "running"),
        (-LEASE - SECOND, "lapsed"),  # The clock was set back since.
    ],
)
def test_a_lease_runs_out_and_one_from_far_ahead_has(age: timedelta, stage: str) -> None:
    assert stage_of(claim(NOON - age), NOON) == stage
