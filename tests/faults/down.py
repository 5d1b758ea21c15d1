"""Keeping a server down that its shop would start again at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def kept_down(folder: Path) -> Iterator[None]:
    """Nobody starts the embedded server of this folder while the block lasts: it looks as if another user of it, a
    slow one, was about to (see engine/embedded/shared_process.py).
    """
    with folder.with_suffix(".starting").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        yield
