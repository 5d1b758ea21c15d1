"""Idempotency keys as Stripe documents them, for every API of the sandbox.

The answer to the first call with a key is stored, success or failure, in the transaction of its work, and replayed to
every later call with the same parameters. Nothing is stored for a call that failed validation or met a twin in
flight. Source: Stripe API reference, "Idempotent requests".
"""

from msgspec import Raw, Struct

from sandbox.core.due import Clock
from sandbox.core.store import Store, Table

KEPT_S = 24 * 3600.0
KEEP = 500_000  # Answers at most; a day's worth for any test.
MAX_KEY = 255  # Characters.


class Answer(Struct, frozen=True):
    """The response to a call: its status and body."""

    status: int
    body: Raw  # JSON.
    keep: bool = True  # False: work never began, so the same key may be tried again.


class KeptAnswer(Struct, frozen=True):
    """A stored answer under an idempotency key, and the fingerprint of the call that got it."""

    fingerprint: str
    status: int
    body: Raw
    request_id: str
    created: float


class KeyMismatch(Exception):
    """The key was first used with other parameters."""


class KeyInUse(Exception):
    """The first call with this key is still running."""


class Keys:
    """The idempotency keys of one API."""

    def __init__(self, store: Store, name: str, now: Clock) -> None:
        self._kept = Table(store, f"{name}_keys", KeptAnswer, KEEP)
        self._in_flight: dict[str, str] = {}
        self._now = now
        self._swept_at = now()

    def claim(self, key: str, fingerprint: str) -> KeptAnswer | None:
        """Return the stored answer, or None: then the caller does the work and must `release` the key.

        Raises:
            KeyMismatch, KeyInUse: see there.
        """
        if (running := self._in_flight.get(key)) is not None:
            raise KeyMismatch if running != fingerprint else KeyInUse
        kept = self._kept.get(key)
        if kept is not None and kept.created + KEPT_S > self._now():
            if kept.fingerprint != fingerprint:
                raise KeyMismatch
            return kept
        self._in_flight[key] = fingerprint
        return None

    def save(self, key: str, answer: Answer, request_id: str) -> None:
        now = self._now()
        fingerprint = self._in_flight[key]
        self._kept.add(key, KeptAnswer(fingerprint, answer.status, answer.body, request_id, now), now)
        if now - self._swept_at > 60:
            self._kept.delete_before(now - KEPT_S)
            self._swept_at = now

    def release(self, key: str) -> None:
        self._in_flight.pop(key, None)
