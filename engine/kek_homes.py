"""Where key-encryption keys lie, each wrapped under a root: a folder outside the database, or the database itself.

A deleted row is not gone: it stays in dead tuples, the log and every backup. So a key that is to be destroyed must lie
where the database's backups don't reach. A shop of several machines without a folder that all of them share keeps them
in its database; then a backup of that can be read for as long as the root is known.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.files import disk_errors, sync_names
from engine.sealing import WRAPPED_BYTES

_SERVICE: Final = "the folder of key-encryption keys"


class KekFolder:
    """A folder with one small file for each key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, version: int, wrapped: bytes) -> None:
        """Write a key, synced before it is used.

        Raises:
            Unavailable: The disk is full, missing or closed.
        """
        with disk_errors(_SERVICE):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._folder / f"{version}.{os.getpid()}"
            draft.touch(mode=0o600)
            _overwrite(draft, wrapped)
            draft.replace(self._folder / f"{version}.kek")
            sync_names(self._folder)

    def get(self, version: int) -> bytes | None:
        """Read a key; None if it is not there. Raises as `put`."""
        with suppress(FileNotFoundError), disk_errors(_SERVICE):
            return (self._folder / f"{version}.kek").read_bytes()
        return None

    def wipe(self, version: int) -> None:
        """Overwrite a key and remove it, synced. Safe to repeat. Raises as `put`."""
        file = self._folder / f"{version}.kek"
        with suppress(FileNotFoundError), disk_errors(_SERVICE):
            if file.exists():
                _overwrite(file, bytes(WRAPPED_BYTES))
            file.unlink()
            sync_names(self._folder)


def _overwrite(file: Path, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
