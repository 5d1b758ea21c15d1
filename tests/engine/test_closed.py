"""Embedded servers are closed to other accounts of the machine, and open nothing beside themselves."""

import asyncio
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis

from engine.embedded import account
from engine.embedded.account import Account, account_of, let_in
from engine.embedded.postgres import embedded_postgres
from engine.embedded.roles import as_superuser
from engine.embedded.surroundings import short
from engine.embedded.valkey import embedded_valkey
from engine.errors import BadSetting
from testkit import data_folder
from testkit.programs import at_work
from tests.journeys.process import program
from tests.waiting import eventually

pytestmark = pytest.mark.slow

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")
NOBODY = Account("nobody", 65534, 65534)
NAMELESS = 4_000_000_000  # No account of this machine has this number.

# What another account tries; each line that it can do is printed.
INTRUDER = """
import os, socket, sys
os.setgroups([]), os.setgid(65534), os.setuid(65534)  # Here, because Python itself may be in root's home.
for path in sys.argv[1:]:
    for do in (os.listdir, lambda path: open(path, "rb"), lambda path: socket.socket(socket.AF_UNIX).connect(path)):
        try:
            do(path)
        except OSError:
            pass
        else:
            print(path)
"""


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.fixture
async def data(base: Path) -> AsyncIterator[Path]:
    """A shop's folder in one that is closed to others, as root's home is. The servers have left it at the end."""
    base.chmod(0o700)
    yield base / "data"
    await eventually(lambda: not at_work(base), within_s=10)


def open_to_others(folder: Path) -> list[str]:
    """All that others could read, write or enter, if they came so far."""
    paths = [folder, *folder.rglob("*")]
    return [str(path) for path in paths if not path.is_symlink() and path.lstat().st_mode & 0o077]


def intruded(*paths: Path) -> str:
    """What another account could do with these paths, and all in them."""
    tried = [str(path) for folder in paths for path in (folder, *folder.rglob("*"))]
    done = subprocess.run([sys.executable, "-c", INTRUDER, *tried], check=True, capture_output=True, text=True)
    return done.stdout


def as_nobody(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, check=False, capture_output=True, text=True, **NOBODY.identity)


async def test_all_in_the_folder_is_its_owners_alone_and_nothing_above_it_changes(data: Path) -> None:
    async with embedded_postgres(data / "postgres") as url, embedded_valkey(data / "valkey") as redis_url:
        connection = await asyncpg.connect(url)
        await connection.execute("create table mine (n int)")
        await connection.close()
        async with Redis.from_url(redis_url) as client:
            await client.set("cart", "lamp")

        assert open_to_others(data) == []
        assert stat.S_IMODE(data.parent.stat().st_mode) == 0o700


@as_root
async def test_another_account_finds_no_way_in(data: Path) -> None:
    async with embedded_postgres(data / "postgres"), embedded_valkey(data / "valkey"):
        data.parent.chmod(0o755)  # If it got so far.
        data.chmod(0o755)
        assert intruded(data).splitlines() == [str(data)]  # It sees names.
        data.chmod(0o700)


@as_root
async def test_for_root_postgresql_is_another_account_and_in_no_group_of_roots(data: Path) -> None:
    async with embedded_postgres(data / "postgres"):
        servers = [process for process in at_work(data) if process.name().startswith("postgres")]
        assert servers
        for server in servers:
            groups = re.findall(r"^Groups:(.*)$", Path(f"/proc/{server.pid}/status").read_text(), re.MULTILINE)
            assert 0 not in {*server.uids(), *server.gids()}
            assert groups[0].split() == []


async def test_the_shop_is_no_superuser(data: Path) -> None:
    async with embedded_postgres(data / "postgres") as url:
        connection = await asyncpg.connect(url)
        for forbidden in (
            "copy (select 1) to program 'true'",
            "select pg_read_file('/etc/passwd')",
            "alter system set fsync = off",
            "create role another superuser",
            "create database another",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        await connection.close()


@as_root
async def test_another_account_of_the_machine_is_no_user_of_the_database(data: Path) -> None:
    async with embedded_postgres(data / "postgres") as url:
        for folder in (data.parent, data, data / "postgres"):
            folder.chmod(0o755)
        for socket in (data / "postgres").glob(".s.PGSQL.*"):
            socket.chmod(0o777)
        words = [str(account.programs() / "psql"), "-c", "select 'in'"]
        for role in (url, as_superuser(url)):
            done = await asyncio.to_thread(as_nobody, *words, role)
            assert (done.returncode, "Peer authentication failed" in done.stderr) == (2, True), done
        (data / "postgres").chmod(0o700)


async def test_a_shop_of_an_earlier_version_is_taken_over(data: Path) -> None:
    async with embedded_postgres(data / "postgres") as url:
        await leave_as_an_earlier_version(as_superuser(url))
    (data / "postgres" / "pg_hba.conf").write_text("local all all trust\n")
    (data / "valkey").mkdir(exist_ok=True)
    (data / "valkey" / "log").write_text("")
    for opened in (data, data / "postgres", data / "valkey", data / "valkey" / "log"):
        opened.chmod(0o777)

    async with embedded_postgres(data / "postgres") as url, embedded_valkey(data / "valkey"):
        assert "trust" not in (data / "postgres" / "pg_hba.conf").read_text()
        assert [path for path in open_to_others(data) if path != str(data)] == []  # It may be anything.
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select rolsuper from pg_roles where rolname = current_user") is False
        assert await connection.fetchval("select n from old.kept where number = 1") == 7
        await connection.execute("insert into old.kept (n) values (nextval('old.numbers')); drop view old.seen")
        await connection.execute("alter table old.kept add m int; create schema new")
        await connection.execute("drop schema old cascade; drop schema new")
        await connection.close()
    data.chmod(0o700)


async def leave_as_an_earlier_version(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("""
        create schema old;
        create table old.kept (number bigint generated always as identity, serial serial, n int);
        create sequence old.numbers;
        create view old.seen as select n from old.kept;
        insert into old.kept (n) values (7);
        alter database shopflow owner to postgres""")
    await connection.close()


async def test_a_server_of_an_earlier_version_that_still_runs_is_closed(data: Path) -> None:
    async with embedded_postgres(data / "postgres") as first:
        before = [process.pid for process in at_work(data)]
        (data / "postgres" / "pg_hba.conf").write_text("local all all trust\n")
        (data / "postgres").chmod(0o777)
        async with embedded_postgres(data / "postgres") as second:
            assert (second, "trust" in (data / "postgres" / "pg_hba.conf").read_text()) == (first, False)
            assert open_to_others(data / "postgres") == []
            assert set(before) & {process.pid for process in at_work(data)}

            async def has_read_it() -> bool:
                connection = await asyncpg.connect(as_superuser(second))
                rules = await connection.fetch("select auth_method from pg_hba_file_rules")
                loaded = await connection.fetchval("select pg_conf_load_time() > pg_postmaster_start_time()")
                await connection.close()
                return [rule["auth_method"] for rule in rules] == ["peer"] and bool(loaded)

            assert await eventually(has_read_it, within_s=5)


@pytest.fixture
def brief() -> Iterator[Path]:
    """A folder that is none of pytest's, whose paths alone are too long for a socket."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


async def test_a_long_path_is_as_closed_as_a_short_one(
    data: Path, brief: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(brief))
    folder = data / ("long" * 30)
    async with embedded_postgres(folder / "postgres") as url, embedded_valkey(folder / "valkey") as redis_url:
        assert max(len(url), len(redis_url)) < 200
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select 42") == 42
        await connection.close()
        async with Redis.from_url(redis_url) as client:
            assert await client.ping()
        assert open_to_others(folder) + open_to_others(brief / f"shopflow-{os.geteuid()}") == []
        async with embedded_postgres(folder / "postgres") as again:
            assert again == url
    shutil.rmtree(folder)


def test_links_for_long_paths_are_not_made_where_another_account_could_change_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"shopflow-{os.geteuid()}").symlink_to(tmp_path / "theirs")

    with pytest.raises(BadSetting, match="is another account's"):
        short(tmp_path / ("long" * 30))


async def test_no_child_gets_the_shops_secrets() -> None:
    async with program(SMTP_URL="smtp://shop:hunter2@127.0.0.1:1", SHOPFLOW_SANDBOX="stripe,carrier") as shop:
        await shop.start()
        children = at_work(shop.data)
        given = {process.name(): environment_of(process) for process in children}

        assert not [name for name, environment in given.items() if "hunter2" in str(environment)]
        assert len(given) >= 3  # PostgreSQL, Valkey and the sandbox.
        assert all("PATH" in environment for environment in given.values() if environment)
        assert open_to_others(shop.data / "sandbox") == []
        await shop.stop()
        assert open_to_others(shop.data) == []


def environment_of(process: psutil.Process) -> dict[str, str]:
    with suppress(psutil.AccessDenied, psutil.NoSuchProcess):
        return process.environ()
    return {}


@as_root
def test_the_account_of_postgresql_gets_through_to_its_programs_and_no_other_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "home" / "venv" / "pginstall18"
    shutil.copytree(account.programs().parent, installed)
    closed = [tmp_path / "home", tmp_path / "home" / "venv", installed]
    for folder in closed:
        folder.chmod(0o700)
    monkeypatch.setattr(account, "programs", lambda: installed / "bin")
    own = account_of(tmp_path)

    let_in(own)

    program = str(installed / "bin" / "postgres")
    assert subprocess.run([program, "--version"], check=True, capture_output=True, **own.identity)
    assert as_nobody("/bin/ls", program).returncode != 0
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(["/bin/ls", closed[0]], check=True, capture_output=True, **own.identity)
    assert [stat.S_IMODE(folder.stat().st_mode) & 0o007 for folder in closed[:2]] == [0, 0]


@as_root
async def test_a_folder_that_came_from_another_machine_is_taken_over(data: Path) -> None:
    async with embedded_postgres(data / "postgres"):
        owner = (data / "postgres").stat().st_uid
    for path in (data / "postgres", *(data / "postgres").rglob("*")):
        os.chown(path, NAMELESS, NAMELESS, follow_symlinks=False)

    async with embedded_postgres(data / "postgres") as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select 42") == 42
        await connection.close()
        assert {path.lstat().st_uid for path in (data / "postgres").rglob("*")} == {owner}


@as_root
async def test_root_leaves_a_folder_to_the_account_that_it_belongs_to(data: Path) -> None:
    async with embedded_postgres(data / "postgres"):
        owner = (data / "postgres").stat().st_uid
    async with embedded_postgres(data / "postgres"):
        assert owner != 0
        assert {path.lstat().st_uid for path in (data / "postgres").rglob("*")} == {owner}
