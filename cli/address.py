"""The address of the shop that serves a data folder, noted there for commands: its port may be any free one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_FILE: Final = "address"


@contextmanager
def address_noted(data: Path, url: str) -> Iterator[None]:
    """Note a shop's address in its data folder, as long as the block runs.

    Of several programs on one folder the newest's is noted, and the one's before it again when that ends.
    """
    note, before = data / _FILE, noted_address(data)
    note.write_text(url, encoding="utf-8")
    try:
        yield
    finally:
        if noted_address(data) == url:  # Else a newer one has noted its own.
            if before:
                note.write_text(before, encoding="utf-8")
            else:
                note.unlink(missing_ok=True)


def noted_address(data: Path) -> str:
    """Return the address of the shop that serves this folder, or served it when it was killed; "" if none is noted."""
    try:
        return (data / _FILE).read_text(encoding="utf-8")
    except OSError:
        return ""
