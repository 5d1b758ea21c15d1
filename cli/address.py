"""The address of the shop that serves a data folder, noted there for commands: its port may be any free one.

Each program has a note of its own, under a number, locked while it runs. So several on one folder may begin and end in
any order, and the kernel tells who was killed. Rejected: one file, and the address before it to go back to: that
program may have ended, too.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_FOLDER: Final = "addresses"


@contextmanager
def address_noted(data: Path, url: str) -> Iterator[None]:
    """Note a shop's address in its data folder, as long as the block runs."""
    folder = data / _FOLDER
    folder.mkdir(exist_ok=True)
    with _write(folder, url) as note:
        try:
            yield
        finally:
            Path(note.name).unlink(missing_ok=True)


def noted_address(data: Path) -> str:
    """Return the address of the newest program that serves this folder, or served it when it was killed; "" if none."""
    notes = _notes(data / _FOLDER)
    running = [note for note in notes if _is_running(note)]
    return next(filter(None, map(_read, [*running, *notes])), "")


def _write(folder: Path, url: str) -> IO[str]:
    """Write a note, the newest, and lock it; the notes of programs that were killed are removed."""
    alone = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(alone, fcntl.LOCK_EX)  # For as long as it takes another to write its own.
        for note in _notes(folder):
            if not _is_running(note):
                note.unlink(missing_ok=True)
        number = 1 + max((int(note.name) for note in _notes(folder)), default=0)
        written = (folder / str(number)).open("x", encoding="utf-8")
        fcntl.flock(written, fcntl.LOCK_EX)  # A reader may just look whether it is free.
        written.write(url)
        written.flush()
        return written
    finally:
        os.close(alone)


def _notes(folder: Path) -> list[Path]:
    """List the notes, the newest first."""
    if not folder.is_dir():
        return []
    return sorted((each for each in folder.iterdir() if each.name.isdecimal()), key=lambda each: -int(each.name))


def _is_running(note: Path) -> bool:
    try:
        with note.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _read(note: Path) -> str:
    try:
        return note.read_text(encoding="utf-8")
    except OSError:
        return ""
