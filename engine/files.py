"""The folder of everything that is embedded."""

import os
import tempfile
from pathlib import Path

from engine.errors import BadSetting


def make_folder(data: Path) -> None:
    """Make the folder that holds all data, and see that it can be written.

    Raises:
        BadSetting: It can't.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise BadSetting(f"SHOPFLOW_DATA: can't write to {data}: {error.strerror}") from error


def sync_names(folder: Path) -> None:
    """Else a power failure could take them back, but not what was committed since. Source: fsync(2)."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
