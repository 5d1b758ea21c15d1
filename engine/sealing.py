"""Boxes that hold a person's data, sealed with AES-256-GCM under that person's own keys. Pure.

A box is bound to its place and its purpose: one that is moved to another row, column or person, or opened for another
purpose, does not open. Random nonces are safe: a key seals hundreds of boxes, and 2^32 would be too many.
Source: NIST SP 800-38D, 8.3; RFC 5869 (HKDF).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import BadInput

T = TypeVar("T")

Purpose: TypeAlias = Literal["account", "invoice", "activity"]
Subject: TypeAlias = str  # The id of a customer, of a person who works here, or of a guest's order.

KEY_BYTES: Final = 32
WRAPPED_BYTES: Final = 60  # A nonce, a key, a tag.
_FORM: Final = b"\x01"  # Of boxes. Another form would be another first byte.
_NONCE_BYTES: Final = 12
_OVERHEAD: Final = 29  # Form, nonce, tag.


class Owner(NamedTuple):
    """A person and a purpose: they have one key."""

    subject: Subject
    purpose: Purpose


class Place(NamedTuple):
    """Where a box lies."""

    table: str  # With its schema.
    column: str
    row: str  # The row's id.


class Erased(msgspec.Struct, frozen=True):
    """In place of what was in a box: its key is gone, and nobody will read it again."""


class DoesNotOpen(BadInput):
    """A box that was altered, moved from its place, or sealed for another purpose."""


def derive(secret: bytes, label: str) -> bytes:
    """Derive a key for one use from a secret of full entropy."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"shopflow {label}".encode()).derive(secret)


def wrap(key: AESGCM, secret: bytes, about: str) -> bytes:
    """Encrypt a key under another one; unwrapping it takes the same `about`."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, secret, about.encode())


def unwrap(key: AESGCM, wrapped: bytes, about: str) -> bytes:
    """Decrypt a key.

    Raises:
        DoesNotOpen: It was altered, or wrapped under another key, or about something else.
    """
    with _opening(about):
        return key.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], about.encode())


def about_key(owner: Owner) -> str:
    """Name the place of an owner's wrapped key."""
    return f"vault.keys.wrapped|{owner.subject}|{owner.purpose}"


class OpenKeys:
    """Plain keys of some owners. They live as long as the turn that asked for them, and are never kept."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[Owner, AESGCM]) -> None:
        self._keys = dict(keys)

    def __repr__(self) -> str:
        return f"OpenKeys(of {len(self._keys)} owners)"

    def has(self, subject: Subject, purpose: Purpose) -> bool:
        """Whether there is such a key: none was made, or it is gone."""
        return Owner(subject, purpose) in self._keys

    def seal(self, content: object, place: Place, subject: Subject, purpose: Purpose) -> bytes:
        """Seal a struct, as JSON, in one box.

        Raises:
            BadInput: The owner has no key: whoever writes of a person asks for it, creating it.
        """
        key = self._keys.get(Owner(subject, purpose))
        if key is None:
            raise BadInput(f"there is no key of {subject} for {purpose}")
        nonce = os.urandom(_NONCE_BYTES)
        return _FORM + nonce + key.encrypt(nonce, msgspec.json.encode(content), _bound_to(place, subject, purpose))

    def read(self, kind: type[T], box: bytes, place: Place, subject: Subject, purpose: Purpose) -> T | Erased:
        """Open a box and decode its struct; `Erased` if its key is gone.

        Raises:
            DoesNotOpen: The box was altered, moved, or sealed for another purpose.
        """
        key = self._keys.get(Owner(subject, purpose))
        if key is None:
            return Erased()
        if len(box) < _OVERHEAD or box[:1] != _FORM:
            raise DoesNotOpen(f"{place.table}.{place.column} of {place.row} does not open")
        nonce, sealed = box[1 : 1 + _NONCE_BYTES], box[1 + _NONCE_BYTES :]
        with _opening(f"{place.table}.{place.column} of {place.row}"):
            content = key.decrypt(nonce, sealed, _bound_to(place, subject, purpose))
        return msgspec.json.decode(content, type=kind)


def _bound_to(place: Place, subject: Subject, purpose: Purpose) -> bytes:
    return f"{place.table}.{place.column}|{place.row}|{subject}|{purpose}".encode()


@contextmanager
def _opening(about: str) -> Iterator[None]:
    try:
        yield
    except (InvalidTag, ValueError) as error:  # The latter is of a nonce that is cut short.
        raise DoesNotOpen(f"{about} does not open") from error
