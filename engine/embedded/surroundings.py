"""Surroundings of a program that the shop starts: some variables of the environment, and paths that sockets fit."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from engine.errors import BadSetting

_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_PASSED_ON_FROM: Final = ("LC_", "PYTHON")
_ROOM: Final = 80  # Of 104 bytes on macOS and 108 on Linux, for the folder of a socket.


def environment() -> dict[str, str]:
    """Return the variables that a child gets: a list of those it needs, so that no secret of the shop's is among them.

    Any account that can read a child's memory, its crash report or `/proc` would have them, too.
    """
    return {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_FROM)}


def short(folder: Path) -> Path:
    """Return a folder's path or, if that is too long for a socket in it, a short link to the folder.

    Raises:
        BadSetting: The folder for such links belongs to another account.
    """
    folder = folder.resolve()
    if len(os.fsencode(folder)) <= _ROOM:
        return folder
    link = _links() / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    if not link.is_symlink():
        draft = link.with_suffix(f".{os.getpid()}")
        draft.unlink(missing_ok=True)
        draft.symlink_to(folder)
        draft.replace(link)
    return link


def _links() -> Path:
    """Return the folder for links, which nobody else can write to: who could, would choose where the shop connects."""
    links = Path(tempfile.gettempdir()) / f"shopflow-{os.geteuid()}"
    links.mkdir(mode=0o700, exist_ok=True)
    found = links.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise BadSetting(f"SHOPFLOW_DATA: its path is too long for a socket, and {links} is another account's")
    links.chmod(0o700)
    return links
