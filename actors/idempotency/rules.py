"""The life of a claim, as a table. Pure.

A key is claimed, with a hash of its request's body, before the work starts. A claim is a lease: once it has lapsed, the
next try takes it over with the token it had, from which the same ids are derived, so that a half-done request is
finished and not done a second time.

Only answers that had an effect (2xx) are kept. After a refusal (4xx) the key is free: nothing happened, and the buyer
may retry with it once the shelf is full again. After a failure (5xx) nobody knows how far the request came, so the
claim stays, and only its lease ends.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from bus.messages.idempotency import Claimed, ClaimKey, InProgress, Kept, Mismatch

LEASE: Final = timedelta(seconds=10)  # Longer than nearly all requests. A slower one is safe beside its second try.
KEPT_FOR: Final = timedelta(hours=48)

Stage: TypeAlias = Literal["free", "running", "lapsed", "kept"]
Fact: TypeAlias = Literal["asked", "succeeded", "refused", "failed"]
Answer: TypeAlias = Claimed | Kept | InProgress | Mismatch

# A pair that is not here changes nothing. The store's statements do what the rows say; a test holds them to it.
CLAIM_NEXT: Final[Mapping[tuple[Stage, Fact], Stage]] = {
    ("free", "asked"): "running",
    ("lapsed", "asked"): "running",  # Taken over.
    ("running", "succeeded"): "kept",
    ("lapsed", "succeeded"): "kept",  # The work took longer than its lease.
    ("running", "refused"): "free",
    ("lapsed", "refused"): "free",
    ("running", "failed"): "lapsed",
}


class Claim(NamedTuple):
    """The claim of a known key."""

    key: str
    body_hash: str
    token: str
    claimed_at: datetime
    began_at: datetime | None  # None where an earlier version claimed it.
    status: int | None
    content: bytes | None


def stage_of(claim: Claim | None, now: datetime) -> Stage:
    """Name the stage that a key is in.

    A lease that begins more than its length ahead has lapsed, too: the clock was set back since, and the lease would
    last too long.
    """
    if claim is None:
        return "free"
    if claim.status is not None:
        return "kept"
    return "running" if now - LEASE < claim.claimed_at <= now + LEASE else "lapsed"


class Decided(NamedTuple):
    """An answer to each request, and the claims that are taken over, as they are to be stored."""

    answers: Sequence[Answer]
    taken_over: Sequence[Claim]


def decide(asks: Sequence[ClaimKey], new: Mapping[str, Claim], known: Mapping[str, Claim], now: datetime) -> Decided:
    """Answer in order of arrival. Of equal requests in one turn, the first has the claim.

    Args:
        asks: The requests.
        new: Claims that were made for them just now, by key.
        known: Earlier claims, by key, locked.
        now: The turn's time.
    """
    claims, theirs = {**known, **new}, set(new)
    answers: list[Answer] = []
    taken_over: list[Claim] = []
    for ask in asks:
        claim = claims[ask.key]
        if claim.body_hash != ask.body_hash:
            answers.append(Mismatch())
        elif ask.key in theirs:
            theirs.remove(ask.key)
            answers.append(_claimed(claim, now, is_first=True))
        elif CLAIM_NEXT.get((stage_of(claim, now), "asked")) == "running":
            claims[ask.key] = take_over(claim, now)
            taken_over.append(claims[ask.key])
            answers.append(_claimed(claims[ask.key], now, is_first=False))
        elif claim.status is not None and claim.content is not None:
            answers.append(Kept(status=claim.status, content=claim.content))
        else:
            answers.append(InProgress())
    return Decided(answers, taken_over)


def take_over(claim: Claim, now: datetime) -> Claim:
    """Begin another try of the same request: its token stays, and so does the time of its first try."""
    began_at = min(at for at in (claim.began_at, claim.claimed_at, now) if at is not None)
    return claim._replace(claimed_at=now, began_at=began_at)


def _claimed(claim: Claim, now: datetime, *, is_first: bool) -> Claimed:
    return Claimed(token=claim.token, at=now, began_at=claim.began_at or now, is_first=is_first)
