"""The folder of the embedded servers' data."""

import os
import tempfile
from pathlib import Path

from engine.errors import BadSetting


def make_folder(data: Path) -> None:
    """Make the folder that holds all data, and check that it is writable.

    Raises:
        BadSetting: It is not.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise BadSetting(f"SHOPFLOW_DATA: can't write to {data}: {error.strerror}") from error


def sync_names(folder: Path) -> None:
    """Sync renames in this folder to disk.

    Otherwise a power failure could undo them, and keep what was committed later. Source: fsync(2).
    """
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
