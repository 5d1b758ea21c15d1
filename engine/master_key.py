"""The shop's master key: in a setting, or in a file beside the data that is made at the first start.

A new one takes an old one's place in three steps, each of which a crash may follow: it is written beside the old one,
the database learns of it (engine/roots.py), and its file gets the old one's name.
"""

import base64
import binascii
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.errors import BadSetting
from engine.files import sync_names

_NEXT: Final = "master.key.next"


class MasterKey:
    """The master key of one shop, wherever it stands."""

    def __init__(self, setting: str, before: str, data: Path) -> None:
        self._setting = setting
        self._before = before
        self._data = data

    def read(self) -> bytes:
        """Read the key; the file is made if neither it nor the setting is there.

        Raises:
            BadSetting: As `read_master_key`.
        """
        return read_master_key(self._setting, self._data)

    def exists(self) -> bool:
        """Whether there is one already."""
        return bool(self._setting) or (self._data / "master.key").exists()

    def others(self) -> list[bytes]:
        """Read the keys that may have been, or may become, the master: the setting's before, or the file's next.

        Raises:
            BadSetting: One is not 32 bytes.
        """
        if self._setting:
            return [_decoded("SHOPFLOW_MASTER_KEY_BEFORE", self._before)] if self._before else []
        file = self._data / _NEXT
        return [key] if file.exists() and len(key := file.read_bytes()) == 32 else []

    @property
    def is_file(self) -> bool:
        """Whether the shop itself may change it."""
        return not self._setting

    def prepare_next(self) -> bytes:
        """Write a new key beside the present one, synced; returns it."""
        assert self.is_file, "a setting is changed by people"
        file = self._data / _NEXT
        file.unlink(missing_ok=True)  # Of an attempt that ended before the database knew.
        _write_key(file)
        sync_names(self._data)
        return file.read_bytes()

    def adopt_next(self) -> None:
        """Give the new key the name of the old one. Safe to repeat."""
        with suppress(FileNotFoundError):
            (self._data / _NEXT).replace(self._data / "master.key")
        sync_names(self._data)


def read_master_key(setting: str, data: Path) -> bytes:
    """Read the key from its setting or, if that is empty, from the file beside the data, made at the first start.

    Raises:
        BadSetting: The key is not 32 bytes in base64, or the file can't be used.
    """
    if not setting:
        return _key_beside(data / "master.key")
    return _decoded("SHOPFLOW_MASTER_KEY", setting)


def _decoded(name: str, setting: str) -> bytes:
    try:
        key = base64.b64decode(setting, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise BadSetting(f"{name}: must be 32 bytes in base64, as `openssl rand -base64 32` prints")
    return key


def _key_beside(file: Path) -> bytes:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make_key(file)
        sync_names(file.parent)  # Before anything is encrypted under it. The process that made it may have been killed.
    except OSError as error:
        raise BadSetting(f"SHOPFLOW_DATA: can't write to {file.parent}: {error.strerror}") from error
    key = file.read_bytes()
    if len(key) != 32:
        raise BadSetting(f"SHOPFLOW_DATA: {file} is not the 32 bytes it was; restore it, or set SHOPFLOW_MASTER_KEY")
    return key


def _make_key(file: Path) -> None:
    draft = file.with_suffix(f".{os.getpid()}")
    _write_key(draft)
    with suppress(FileExistsError):  # Another process was faster: its key is used.
        os.link(draft, file)
    draft.unlink()


def _write_key(file: Path) -> None:
    file.touch(mode=0o600)
    with file.open("wb") as new:
        new.write(secrets.token_bytes(32))
        new.flush()
        os.fsync(new.fileno())  # Before it is used: tokens under a key that a power failure emptied could be forged.
