"""The real program, as people start it: `python run.py ...` in a process of its own, on a data folder of its own.

What a data folder holds running (PostgreSQL, Valkey, the sandbox) is found by the folder's name in command lines: it is
ours alone, so ending all of it at the end of a test ends nobody else's.
"""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
import psutil

from testkit import data_folder
from testkit.programs import UNBOUNDED, at_work
from tests.waiting import eventually, have_ended

ROOT = Path(__file__).parent.parent.parent
START_S = 50.0  # The first start makes a database; a busy machine may take its time.
STOP_S = 10.0  # As promised.
COMMAND_S = 30.0
EVENTUALLY_S = 15.0
_OURS = re.compile(r"SHOPFLOW_|DATABASE_URL|REDIS_URL|STRIPE_|SMTP_|CARRIER_|WAREHOUSE_|S3_|SQS_")

T = TypeVar("T")


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Answer:
    """What HTTP gave."""

    status: int
    body: Any


@dataclass
class Program:
    """A shop on a folder. It can be started again and again, and commands can be run beside it."""

    data: Path
    port: int = 0
    settings: dict[str, str] = field(default_factory=dict)
    script: str = "run.py"
    words: tuple[str, ...] = ()  # Of the command line, to serve a part of the shop.
    lines: list[str] = field(default_factory=list)  # Of the run that was started last.
    errors: list[str] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "it was not started"
        return self._process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return "\n".join([*self.lines, *self.errors])

    async def start(self) -> float:
        """Start it and wait until it is ready; gives the seconds that took. Started again it has the same port."""
        began = time.monotonic()
        await self.spawn()
        ready = await self.says("ShopFlow is ready")
        if "http" in ready:  # Not every part has a gateway.
            self.port = int(ready.rpartition(":")[2])
        return time.monotonic() - began

    async def spawn(self) -> None:
        """Start it, and return at once."""
        self.lines, self.errors = [], []
        self._process = await self._spawn(self.script, *self.words)
        self._readers = _listen(self._process, self.lines, self.errors)

    def is_ready(self) -> bool:
        """Whether it has said so."""
        return any("ShopFlow is ready" in line for line in self.lines)

    async def says(self, words: str) -> str:
        """Wait until it prints a line with these words; gives the line."""

        async def found() -> str:
            assert self.process.returncode is None, f"it ended with {self.process.returncode}:\n{self.log}"
            return next((line for line in self.lines if words in line), "")

        return await eventually(found, within_s=START_S)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ask it to end, and see that it does so with exit code 0; gives the seconds that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        assert await self.ended() == 0, self.log
        return time.monotonic() - began

    async def ended(self, within_s: float = STOP_S) -> int:
        """Wait for its end; gives the exit code."""
        async with asyncio.timeout(within_s):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        return code

    async def kill(self) -> None:
        """As a power failure would, but only this one process."""
        self.process.kill()
        await self.ended()

    async def run(self, *words: str) -> Done:
        """Run a command on the same folder."""
        out: list[str] = []
        err: list[str] = []
        process = await self._spawn("run.py", *words)
        readers = _listen(process, out, err)
        try:
            is_late = not await _ends(process, within_s=COMMAND_S)
            if is_late:  # As Ctrl-C: a command then says how far it had come. If it does not hear, where it stands.
                process.send_signal(signal.SIGINT)
                if not await _ends(process, within_s=STOP_S):
                    process.send_signal(signal.SIGABRT)
                    await _ends(process, within_s=STOP_S)
        finally:
            if process.returncode is None:
                process.kill()
            code = await process.wait()
            await asyncio.gather(*readers)
        done = Done(code, *("".join(f"{line}\n" for line in lines) for lines in (out, err)))
        assert not is_late, f"{words} took more than {COMMAND_S:g} s: {done}; meanwhile its shop: {self.log}"
        return done

    async def _spawn(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, *words),
            cwd=ROOT,
            env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def good(self, *words: str) -> str:
        """Run a command that must succeed, without a complaint; gives what it printed."""
        done = await self.run(*words)
        assert (done.code, done.err) == (0, ""), done
        return done.out

    async def staff(self) -> dict[str, str]:
        """The header with which staff ask, with a new token."""
        return {"Authorization": f"Bearer {(await self.good('token')).strip()}"}

    async def cart_with(self, sku: str, quantity: int = 1) -> str:
        """The id of a new cart with this in it."""
        cart = (await self.ask("POST", "/carts")).body["id"]
        assert (await self.ask("PUT", f"/carts/{cart}/lines/{sku}", {"quantity": quantity})).status == 200
        return str(cart)

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """One HTTP request to the shop, or, with a whole URL, to another."""
        url = path if path.startswith("http") else self.url + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=STOP_S)) as http,
            http.request(method, url, json=body, headers=named) as answer,
        ):
            content = await answer.read()
        return Answer(answer.status, msgspec.json.decode(content) if "json" in answer.content_type else content)

    async def sandbox(self) -> str:
        """Where the sandbox is."""
        config = await self.ask("GET", "/config")
        return str(config.body["stripe"]["api_base"])

    @property
    def operations(self) -> str:
        """Where its metrics are."""
        return next(line.split()[-1].removesuffix("/metrics") for line in self.lines if "metrics" in line)

    async def mails(self) -> list[dict[str, str]]:
        """What is in the sandbox's mailbox, the newest first."""
        found = await self.ask("GET", f"{await self.sandbox()}/sandbox/mails?limit=1000")
        return list(found.body["items"])

    def environment(self) -> dict[str, str]:
        """The settings of the machine's user do not count here."""
        plain = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
        return {
            **plain,
            "COLUMNS": "200",
            "PYTHONFAULTHANDLER": "1",
            "SHOPFLOW_DATA": str(self.data),
            "SHOPFLOW_PORT": str(self.port),
            "SHOPFLOW_OPERATIONS_PORT": "0",
            "SHOPFLOW_CARRIER_PACE_S": "0.05",
            "SHOPFLOW_SWEEP_S": "0.5",
            "SHOPFLOW_LOG": "error",
            **UNBOUNDED,
            **self.settings,
        }


@asynccontextmanager
async def program(**settings: str) -> AsyncIterator[Program]:
    """A program on a fresh folder, not yet started. Whatever still runs at the end is ended."""
    with work_folder() as data:
        made = Program(data, settings=settings)
        try:
            yield made
        finally:
            await end(made)


async def end(program: Program) -> None:
    """End it, however it is."""
    if program._process is not None:
        with suppress(ProcessLookupError):
            program.process.kill()
        await program.ended()


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder for data, gone at the end with whoever works in it."""
    with data_folder() as folder:
        try:
            yield folder
        finally:
            stop_postgres(folder)
            kill_servers(folder)


def stop_postgres(folder: Path) -> None:
    """End a PostgreSQL at once, but by its own hand: what one shares in memory outlives it when it is killed."""
    with suppress(FileNotFoundError, psutil.NoSuchProcess):  # It was never started, or has ended already.
        server = postmaster(folder)
        if server in at_work(folder):
            server.send_signal(signal.SIGQUIT)
            have_ended([server], within_s=STOP_S)


def kill_servers(folder: Path) -> int:
    """End all who work in a folder at once, as a power failure would; says how many they were."""
    living = at_work(folder)
    for process in living:
        with suppress(psutil.NoSuchProcess):  # A child of one that was killed before.
            process.kill()
    assert have_ended(living, within_s=STOP_S)
    return len(living)


def servers(folder: Path) -> set[int]:
    """The process ids of the PostgreSQL and the Valkey that work in a folder."""
    valkey = f"{folder}/valkey"
    return {
        postmaster(folder).pid,
        *(each.pid for each in at_work(folder) if any(valkey in word for word in each.cmdline())),
    }


def postmaster(folder: Path) -> psutil.Process:
    """The PostgreSQL that works in a folder."""
    return psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))


def _listen(process: asyncio.subprocess.Process, out: list[str], err: list[str]) -> list[asyncio.Task[None]]:
    assert process.stdout is not None
    assert process.stderr is not None
    return [asyncio.create_task(_read(process.stdout, out)), asyncio.create_task(_read(process.stderr, err))]


async def _read(stream: asyncio.StreamReader, lines: list[str]) -> None:
    while line := await stream.readline():
        lines.append(line.decode().rstrip("\n"))


async def _ends(process: asyncio.subprocess.Process, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await process.wait()
    return process.returncode is not None
