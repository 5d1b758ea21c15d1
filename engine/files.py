"""The folder of the embedded servers' data, and who may read in it: its owner alone."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.errors import BadSetting, NoRoom, Unavailable

OTHERS: Final = 0o077  # What the accounts beside a file's owner may do; as a umask it takes all of that away.


def make_folder(data: Path) -> None:
    """Make the folder that holds all data, for its owner only, and check that it is writable.

    One that exists keeps its mode, for it may be anything; what is made in it is closed by itself.

    Raises:
        BadSetting: It is not.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise BadSetting(f"SHOPFLOW_DATA: can't write to {data}: {error.strerror}") from error


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter; one that earlier versions made is closed, with all in it.

    Raises:
        BadSetting: It is another account's.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):  # Whoever works in it has removed it meanwhile.
                if not path.is_symlink() and (mode := path.stat().st_mode) & OTHERS:
                    path.chmod(mode & ~OTHERS)
    except PermissionError as error:
        raise BadSetting(f"SHOPFLOW_DATA: {folder} is another account's") from error


def make_private_file(file: Path) -> Path:
    """Make a file that only its owner can read, or close one that exists; returns it."""
    file.touch(mode=0o600)
    if file.stat().st_mode & OTHERS:
        with suppress(PermissionError):  # Another account's, who closes it at its own next start.
            file.chmod(0o600)
    return file


def sync_names(folder: Path) -> None:
    """Sync renames in this folder to disk.

    Otherwise a power failure could undo them, and keep what was committed later. Source: fsync(2).
    """
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def disk_errors(service: str) -> Iterator[None]:
    """Translate a disk's errors into the engine's, but for a missing file, which its reader knows how to take.

    Raises:
        NoRoom: It is full.
        Unavailable: It is missing, broken or closed.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        kind = NoRoom if error.errno in (errno.ENOSPC, errno.EDQUOT) else Unavailable
        raise kind(service, str(error), retry_after_s=1.0) from error


def reason_of(error: OSError | UnicodeDecodeError) -> str:
    """Write why a file can't be read or written, without its number and path: "no such file or directory"."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    reason = error.strerror or str(error)
    return f"{reason[:1].lower()}{reason[1:]}"
