"""Real programs to measure: `run.py` in processes of its own, on a data folder of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_STOP_S = 10.0


@dataclass(frozen=True)
class Running:
    """A program that is ready."""

    folder: Path
    process_id: int
    url: str  # "" without a gateway.


def free_port() -> int:
    """One that nobody has at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def program(folder: Path, *words: str, **settings: str) -> Iterator[Running]:
    """Run a shop, or a part of one, until the block ends; gives it once it is ready."""
    port = settings.get("SHOPFLOW_PORT", "0")
    own = {"SHOPFLOW_DATA": str(folder), "SHOPFLOW_PORT": port, "SHOPFLOW_LOG": "error"} | settings
    process = subprocess.Popen(
        [sys.executable, "run.py", *words], cwd=ROOT, env=os.environ | own, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "ShopFlow is ready" in line:
                url = line.partition("ready: ")[2].strip() if "http" in line else ""
                yield Running(folder, process.pid, url)
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
    """Run a command on the same folder; gives what it prints."""
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
