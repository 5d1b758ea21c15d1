"""Codes for whoever has lost their second factor: shown once, each used once, stored as hashes."""

import base64
import hashlib
import secrets
from typing import Final

from bus.messages.staff import RECOVERY_CODES

_BYTES: Final = 10  # 80 bits: guessing them is hopeless, also for whoever has the hashes.
_GROUP: Final = 4


def new_codes() -> list[str]:
    """Make codes, as people write them: ABCD-EFGH-IJKL-MNOP."""
    return [_apart(base64.b32encode(secrets.token_bytes(_BYTES)).decode()) for _ in range(RECOVERY_CODES)]


def hash_of_code(code: str) -> bytes:
    """Return what is stored of a code, however it was typed."""
    return hashlib.sha256("".join(code.split()).replace("-", "").upper().encode()).digest()


def _apart(code: str) -> str:
    return "-".join(code[place : place + _GROUP] for place in range(0, len(code), _GROUP))
