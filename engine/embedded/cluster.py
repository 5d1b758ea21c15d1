"""A cluster of PostgreSQL in a folder: made whole or not at all, configured, and closed to other accounts.

A client is known by the account that its process has, as the kernel says at the other end of the socket: there is no
password that could be read somewhere. The shop's own role may do in its own database what it likes, and nothing else.
Source: PostgreSQL 18, "Peer Authentication" and "User Name Maps".
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from engine.embedded.account import Account, give, programs
from engine.embedded.surroundings import environment
from engine.files import OTHERS, sync_names

ROLE: Final = "shopflow"
SUPERUSER: Final = "postgres"
_VERSION: Final = "18"
_ASIDE, _WHOLE = "being-made-", "made"  # Names inside a database's folder during its first start.
_INIT_S: Final = 60.0

# Settings that differ from PostgreSQL's own defaults. Those of durability do not: fsync and synchronous commits are on.
POSTGRES_CONF: Final = """\
io_method = sync                    # Three processes fewer; our reads are small.
max_wal_size = 1GB
checkpoint_timeout = 15min
log_min_messages = error
unix_socket_permissions = 0700
"""
_INCLUDE: Final = "include_if_exists = 'shopflow.conf'\n"
_HBA: Final = "local all all peer map=shopflow\n"  # And nobody over TCP, which is switched off besides.


def ensure_cluster(folder: Path, account: Account) -> None:
    """Make the cluster aside, and move it here when it is whole: a half-made one would never start.

    Its version file moves last, because a folder that has one counts as whole. Aside is a new place each time: the
    `initdb` of a program that was killed may still be running. It is inside the folder, which may be a file system of
    its own.

    Raises:
        RuntimeError: It can't be made, or is of another version.
        OSError: The folder can't be used.
    """
    version, whole = folder / "PG_VERSION", folder / _WHOLE
    for left in folder.glob(f"{_ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)
    if not version.exists():
        if not whole.exists():
            _make_cluster(folder, whole, account)
        for part in whole.iterdir():
            if part.name != version.name:
                part.rename(folder / part.name)
        sync_names(folder)
        (whole / version.name).rename(version)
        sync_names(folder)
    if whole.exists():
        whole.rmdir()
    if (found := version.read_text(encoding="utf-8").strip()) != _VERSION:
        raise RuntimeError(f"it has data of PostgreSQL {found}, and this is {_VERSION}")
    give(folder, account)


def configure(folder: Path, account: Account) -> bool:
    """Write the files that decide who may connect, and ours beside PostgreSQL's own; returns whether any changed."""
    owner = pwd.getpwuid(account.user).pw_name
    known = sorted({owner, pwd.getpwuid(0).pw_name})  # Root may do anything anyway, such as run our commands.
    map_ = "".join(f'shopflow "{name}" {role}\n' for name in known for role in (ROLE, SUPERUSER))
    main = (folder / "postgresql.conf").read_text(encoding="utf-8")
    wanted = {
        "shopflow.conf": POSTGRES_CONF,
        "pg_hba.conf": _HBA,
        "pg_ident.conf": map_,
        "postgresql.conf": main if _INCLUDE in main else main + _INCLUDE,
    }
    changed = [name for name, content in wanted.items() if _write(folder / name, content, account)]
    return bool(changed)


def execute(program: str, *words: str, folder: Path, account: Account, within_s: float) -> None:
    """Run a program of PostgreSQL's in this folder, as the account.

    Raises:
        RuntimeError: It failed. The text is what it said last.
        OSError: It can't be run.
        subprocess.TimeoutExpired: It took too long.
    """
    with tempfile.TemporaryFile() as told:  # No pipe, which would be open for as long as the server that it starts.
        done = subprocess.run(  # noqa: S603 - our own words
            [str(programs() / program), *words],
            check=False,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            timeout=within_s,
            umask=OTHERS,
            **account.identity,
        )
        if done.returncode:
            told.seek(0)
            lines = told.read().decode(errors="replace").split("\n")
            raise RuntimeError(f"{program}: {next((line for line in reversed(lines) if line.strip()), 'failed')}")


def run_server(folder: Path, account: Account, within_s: float) -> None:
    """Start the server. Its socket is in the folder, by a name that is short however long the folder's is.

    Raises:
        RuntimeError: It does not start.
        OSError: It can't be run.
        subprocess.TimeoutExpired: It took too long.
    """
    for lock in folder.glob(".s.PGSQL.*.lock"):  # Its owner has ended, but a zombie's id in it would still be trusted.
        lock.unlink()
    options = ("-w", "-t", f"{within_s:.0f}", "-o", '-h "" -k .', "-l", "log", "-D", account.name_of(folder))
    execute("pg_ctl", *options, "start", folder=folder, account=account, within_s=within_s + 5)


def _make_cluster(folder: Path, whole: Path, account: Account) -> None:
    if there := sorted(part.name for part in folder.iterdir() if not part.name.startswith((_ASIDE, "lost+found"))):
        raise FileExistsError(f"PG_VERSION is missing there, beside {', '.join(there[:5])}")
    aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder))
    give(aside, account)
    words = ("--auth-local=peer", "--auth-host=reject", "--encoding=utf8", f"--username={SUPERUSER}")
    execute("initdb", *words, "-D", account.name_of(aside), folder=aside, account=account, within_s=_INIT_S)
    aside.rename(whole)


def _write(file: Path, content: str, account: Account) -> bool:
    """Write a file if it has another content; on a full disk it stays as it was."""
    if file.exists() and file.read_text(encoding="utf-8") == content:
        return False
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(content, encoding="utf-8")
    os.chown(draft, account.user, account.group)
    draft.replace(file)
    return True
