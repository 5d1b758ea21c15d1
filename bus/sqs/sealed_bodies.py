"""Bodies of messages that name persons, sealed on their way through SQS and S3, which keep them for days.

Each day has a key of its own, derived from the shop's root; a process that knows the root needs nothing else. A body is
bound to its message: in another's place it does not open. Pure.

Rejected: docs/decisions/0044.
"""

import os
from functools import lru_cache
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.clock import Clock
from engine.errors import BadInput
from engine.roots import Roots
from engine.sealing import derive

_MARK: Final = '{"sealed":'  # No message begins like that: each begins with its type, an answer with its reply.
_NONCE_BYTES: Final = 12


class _Sealed(msgspec.Struct, frozen=True):
    sealed: bytes
    day: str


class SealedBodies:
    """Seals and opens bodies, with the keys of one shop."""

    def __init__(self, roots: Roots, clock: Clock) -> None:
        self._roots = roots
        self._clock = clock

    def seal(self, body: str, message_id: str) -> str:
        """Seal the body of a message, or of the answer to it."""
        day, nonce = self._clock.now().date().isoformat(), os.urandom(_NONCE_BYTES)
        key = _key(self._roots.newest_first()[0], day)
        return msgspec.json.encode(
            _Sealed(nonce + key.encrypt(nonce, body.encode(), message_id.encode()), day)
        ).decode()

    def open(self, body: str, message_id: str) -> str:
        """Open a body; one that is not sealed is returned as it is.

        Raises:
            BadInput: It was altered or is another message's, or its root is not known here yet.
        """
        if not body.startswith(_MARK):
            return body
        try:
            sealed = msgspec.json.decode(body, type=_Sealed)
        except msgspec.DecodeError as error:
            raise BadInput("a sealed body can't be read") from error
        nonce, content = sealed.sealed[:_NONCE_BYTES], sealed.sealed[_NONCE_BYTES:]
        for root in self._roots.newest_first():
            try:
                return _key(root, sealed.day).decrypt(nonce, content, message_id.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        raise BadInput("a sealed body does not open")


@lru_cache(maxsize=16)
def _key(root: bytes, day: str) -> AESGCM:
    return AESGCM(derive(root, f"transport {day[:10]}"))
