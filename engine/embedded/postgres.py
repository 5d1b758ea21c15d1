"""PostgreSQL 18 out of a wheel, shared by all programs on its data folder."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import psutil

from engine.embedded.account import account_of, give, let_in
from engine.embedded.cluster import ROLE, configure, ensure_cluster, run_server
from engine.embedded.roles import ensure_database, url_of
from engine.embedded.shared_process import in_use, kept_alive
from engine.embedded.surroundings import short
from engine.errors import BadSetting
from engine.files import make_folder

_START_TIMEOUT_S = 60.0
_SOCKETS, _STATUS = 4, 7  # Lines of the pid file. Source: PostgreSQL, src/include/utils/pidfile.h.


@asynccontextmanager
async def embedded_postgres(folder: Path) -> AsyncIterator[str]:
    """Run PostgreSQL 18 with its data in `folder`, or attach to it; yield its URL.

    Raises:
        BadSetting: The folder can't be used, or the server does not start. Its text names the log.
    """
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    with in_use(folder, stop=lambda: _stop_postgres(folder)) as starting:
        with starting:
            sockets = await asyncio.to_thread(_start_postgres, folder)
            await _make_database(folder, sockets)
        async with kept_alive("PostgreSQL", starting, lambda: _postmaster(folder), lambda: _start_postgres(folder)):
            yield url_of(sockets, ROLE)


def holds_cluster(folder: Path) -> bool:
    """Whether the data of a PostgreSQL is in this folder, running or not."""
    return (folder / "PG_VERSION").is_file()


def _start_postgres(folder: Path) -> str:
    """Start the server if it does not run; returns the folder of its socket."""
    _forget_a_dead_postmaster(folder)
    try:
        account = account_of(folder)
        postmaster = _postmaster(folder)
        if postmaster is None:
            let_in(account)
            give(folder, account)
            ensure_cluster(folder, account)
            configure(folder, account)
            run_server(folder, account, _START_TIMEOUT_S)
        elif configure(folder, account):  # It was started by an earlier version.
            folder.chmod(0o700)
            postmaster.send_signal(signal.SIGHUP)
        return str(short(_sockets_when_ready(folder)))
    except (subprocess.SubprocessError, OSError, RuntimeError, psutil.Error) as error:
        raise BadSetting(_does_not_start(folder, error)) from error


async def _make_database(folder: Path, sockets: str) -> None:
    try:
        await ensure_database(sockets)
    except (asyncpg.PostgresError, OSError) as error:
        raise BadSetting(_does_not_start(folder, error)) from error


def _does_not_start(folder: Path, error: Exception) -> str:
    return f"PostgreSQL does not start in {folder} ({error}); its log is {folder / 'log'}"


def _sockets_when_ready(folder: Path) -> Path:
    """Wait until the server is ready; returns the folder of its socket, as its pid file has it."""
    until_s = time.monotonic() + _START_TIMEOUT_S
    while _postmaster(folder) is not None and time.monotonic() < until_s:
        with suppress(FileNotFoundError):
            lines = (folder / "postmaster.pid").read_text().splitlines()
            if len(lines) > _STATUS and lines[_STATUS].strip() == "ready":  # Otherwise it is being written.
                return folder / lines[_SOCKETS]
        time.sleep(0.02)
    raise RuntimeError("it is not ready")


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
