"""Servers out of wheels: started by the first, shared, stopped by the last, and never in a person's way."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis
from redis.asyncio import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from engine.embedded.cluster import POSTGRES_CONF
from engine.embedded.postgres import embedded_postgres
from engine.embedded.valkey import embedded_valkey
from engine.errors import BadSetting
from testkit import data_folder
from testkit.programs import at_work
from tests.journeys.process import kill_servers
from tests.waiting import eventually, have_ended

pytestmark = pytest.mark.slow

USE_AND_WAIT = """
import asyncio, sys
from pathlib import Path
from engine.embedded.postgres import embedded_postgres
from engine.embedded.valkey import embedded_valkey

async def main():
    async with embedded_postgres(Path(sys.argv[1]) / "postgres"), embedded_valkey(Path(sys.argv[1]) / "valkey"):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """One data folder for all tests here: making a cluster is most of what a test would cost."""
    with data_folder() as folder:
        yield folder


@pytest.fixture
async def folder(base: Path) -> AsyncIterator[Path]:
    yield base
    # Its pid file is gone, which is the end of it to whoever starts it again; the process may be leaving still.
    await eventually(lambda: not postmasters(base), within_s=5)
    await eventually(lambda: not valkeys(base), within_s=5)


def postmasters(folder: Path) -> list[int]:
    return running("postgres", folder / "postgres")


def valkeys(folder: Path) -> list[int]:
    return running("valkey-server", folder / "valkey")


def running(name: str, folder: Path) -> list[int]:
    """Processes of this name that work in this folder, without their children."""
    parents = {}
    for process in psutil.process_iter(["name", "ppid"]):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.info["name"].startswith(name) and Path(process.cwd()) == folder.resolve():
                parents[process.pid] = process.info["ppid"]
    return [pid for pid, parent in parents.items() if parent not in parents]


async def answer(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        number: int = await connection.fetchval("select 42")
        return number
    finally:
        await connection.close()


async def test_who_comes_later_attaches_and_the_last_to_leave_stops(folder: Path) -> None:
    async with embedded_postgres(folder / "postgres") as first:
        (server,) = postmasters(folder)
        async with embedded_postgres(folder / "postgres") as second:
            assert second == first
            assert postmasters(folder) == [server]
        assert postmasters(folder) == [server]
        assert await answer(first) == 42
    await eventually(lambda: not postmasters(folder), within_s=5)


async def test_valkey_is_shared_and_stopped_likewise_and_keeps_its_data(folder: Path) -> None:
    async with embedded_valkey(folder / "valkey") as first:
        (server,) = valkeys(folder)
        async with embedded_valkey(folder / "valkey") as second, Redis.from_url(second) as client:
            assert second == first
            assert valkeys(folder) == [server]
            await client.set("cart", "lamp")
        assert valkeys(folder) == [server]
    await eventually(lambda: not valkeys(folder), within_s=5)

    async with embedded_valkey(folder / "valkey") as url, Redis.from_url(url) as client:
        assert await client.get("cart") == b"lamp"


async def test_a_busy_valkey_is_waited_for_and_gets_no_second_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(socket: Path, tries: int) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(socket), socket_timeout=0.02, retry=Retry(ConstantBackoff(0.01), tries))

    monkeypatch.setattr("engine.embedded.valkey._client", impatient)
    async with embedded_valkey(folder / "valkey"):
        (server,) = valkeys(folder)
        psutil.Process(server).suspend()
        waker = run(WAKE, str(server))
        try:
            async with embedded_valkey(folder / "valkey") as url, Redis.from_url(url) as client:
                assert await client.ping()
                assert valkeys(folder) == [server]
        finally:
            waker.communicate(timeout=10)


def run(program: str, *words: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.PIPE)


WAKE = "import os, signal, sys, time; time.sleep(0.2); os.kill(int(sys.argv[1]), signal.SIGCONT)"


async def test_after_kill_9_of_its_user_the_next_start_attaches(folder: Path) -> None:
    with run(USE_AND_WAIT, str(folder)) as user:
        assert user.stdout
        assert user.stdout.readline() == b"ready\n"
        servers = postmasters(folder), valkeys(folder)
        user.kill()
    assert (postmasters(folder), valkeys(folder)) == servers

    async with embedded_postgres(folder / "postgres") as url, embedded_valkey(folder / "valkey") as redis_url:
        assert (postmasters(folder), valkeys(folder)) == servers
        assert await answer(url) == 42
        async with Redis.from_url(redis_url) as client:
            assert await client.ping()


@pytest.mark.parametrize("dies", ["the program", "the machine"])
async def test_a_first_start_that_was_cut_off_is_repeated(dies: str) -> None:
    with data_folder() as folder:
        with run(USE_AND_WAIT, str(folder)) as user:
            await eventually(lambda: any(folder.rglob("PG_VERSION")))  # What `initdb` writes first.
            user.kill()
        if dies == "the machine":
            kill_servers(folder)

        async with embedded_postgres(folder / "postgres") as url:
            assert await answer(url) == 42
        await eventually(lambda: not at_work(folder))
        async with embedded_postgres(folder / "postgres"):
            assert not list((folder / "postgres").glob("*made*"))


@pytest.mark.parametrize("parts", [0, 3, 100])
async def test_a_first_start_that_was_cut_off_while_it_moved_what_was_made_is_ended(
    monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    moved: list[Path] = []

    def cut_off(part: Path, to: Path) -> Path:
        if part.parent.name == "made":
            if len(moved) == parts or part.name == "PG_VERSION":
                raise OSError("power failure")
            moved.append(part)
        return rename(part, to)

    rename = Path.rename
    with data_folder() as folder:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", cut_off)
            with pytest.raises(BadSetting, match="power failure"):
                await embedded_postgres(folder / "postgres").__aenter__()
        assert (folder / "postgres" / "made" / "PG_VERSION").exists()
        assert bool(moved) == bool(parts)

        async with embedded_postgres(folder / "postgres") as url:
            assert await answer(url) == 42
            assert not (folder / "postgres" / "made").exists()


async def test_a_database_without_its_version_is_not_replaced(tmp_path: Path) -> None:
    kept = tmp_path / "postgres" / "base" / "1"
    kept.mkdir(parents=True)
    with pytest.raises(BadSetting, match="PG_VERSION is missing there, beside base"):
        await embedded_postgres(tmp_path / "postgres").__aenter__()

    assert kept.exists()


@pytest.mark.parametrize("whose", ["nobody's", "another program's", "another PostgreSQL's"])
async def test_a_stale_pid_file_is_in_nobody_s_way(folder: Path, tmp_path: Path, whose: str) -> None:
    with other_program(whose, tmp_path) as pid:
        stale = [str(pid), str((folder / "postgres").resolve()), "1700000000", "5432", str(folder), "", " 1 1", "ready"]
        (folder / "postgres").mkdir(exist_ok=True)
        if (folder / "postgres" / "PG_VERSION").exists():
            (folder / "postgres" / "postmaster.pid").write_text("\n".join(stale) + "\n")
            (folder / "postgres" / ".s.PGSQL.5432.lock").write_text("\n".join(stale[:5]) + "\n")

        async with embedded_postgres(folder / "postgres") as url:
            assert await answer(url) == 42
            assert postmasters(folder) != [pid]

        if pid != GONE:
            assert psutil.pid_exists(pid), "somebody else was stopped"


GONE = 2**22 - 1  # As high as a pid can be on Linux.


class other_program:  # noqa: N801 - reads as a function
    """A process that was given the number in the pid file."""

    def __init__(self, whose: str, folder: Path) -> None:
        self._whose = whose
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> int:
        if self._whose == "nobody's":
            return GONE
        name = "postgres" if "PostgreSQL" in self._whose else "sleeper"
        program = self._folder / name
        program.symlink_to("/bin/sleep")
        # A script's process is named after its file, a program's after what it was executed as.
        self._process = subprocess.Popen([program, "60"], cwd=self._folder)
        return self._process.pid

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)


async def test_after_kill_9_of_the_server_itself_what_was_committed_is_there(folder: Path) -> None:
    async with embedded_postgres(folder / "postgres") as url:
        connection = await asyncpg.connect(url)
        await connection.execute("create table if not exists kept (n int); insert into kept values (7)")
        connection.terminate()
        server = psutil.Process(*postmasters(folder))
        server.kill()
        assert have_ended([server], within_s=5)

    async with embedded_postgres(folder / "postgres") as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select n from kept limit 1") == 7
        await connection.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_a_postgresql_that_ends_while_it_is_used_is_started_again(folder: Path, how: signal.Signals) -> None:
    async with embedded_postgres(folder / "postgres") as first, embedded_postgres(folder / "postgres") as second:
        (server,) = postmasters(folder)
        os.kill(server, how)

        async def is_another() -> bool:
            with suppress(OSError, asyncpg.PostgresError):
                return postmasters(folder) not in ([], [server]) and await answer(first) == 42
            return False

        assert await eventually(is_another)
        assert await answer(second) == 42
        assert len(postmasters(folder)) == 1


async def test_a_valkey_that_ends_while_it_is_used_is_started_again(folder: Path) -> None:
    async with embedded_valkey(folder / "valkey") as url, Redis.from_url(url) as client:
        await client.set("cart", "lamp")
        await client.config_set("appendfsync", "always")
        await client.set("cart", "mug")
        (server,) = valkeys(folder)
        os.kill(server, signal.SIGKILL)

        async def is_another() -> bool:
            with suppress(redis.RedisError):
                return valkeys(folder) not in ([], [server]) and await client.get("cart") == b"mug"
            return False

        assert await eventually(is_another)


@pytest.mark.parametrize("server", [embedded_postgres, embedded_valkey])
async def test_a_folder_that_can_not_be_made_is_one_clear_line(tmp_path: Path, server: object) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BadSetting) as refused:
        async with server(tmp_path / "file" / "var" / "data"):  # type: ignore[operator]
            pass

    assert str(refused.value) == f"SHOPFLOW_DATA: can't write to {tmp_path / 'file' / 'var'}: Not a directory"


async def test_a_server_that_does_not_start_says_where_its_log_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.embedded.valkey.get_binary_path", lambda: "/bin/false")
    with pytest.raises(BadSetting) as refused:
        async with embedded_valkey(tmp_path / "valkey"):
            pass

    line = str(refused.value)
    assert line.startswith(f"Valkey does not start in {tmp_path / 'valkey'} (")
    assert line.endswith(f"; its log is {tmp_path / 'valkey' / 'log'}")
    assert "\n" not in line


def test_durability_is_on() -> None:
    assert "fsync" not in POSTGRES_CONF
    assert "synchronous_commit" not in POSTGRES_CONF
