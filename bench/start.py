"""From nothing to a shop that sells: a fresh clone, `make run`, and the memory of the idle shop.

Measured as a user would: the clone installs its packages, makes its databases, fills its shelves.
Memory is what all its processes have together, shared pages counted once (PSS), some seconds after the start.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from testkit.programs import ROOT

_REST_S = 10.0
_STOP_S = 15.0


@dataclass(frozen=True)
class Figures:
    """The figures of a clone."""

    fresh_s: float
    second_s: float
    disk_mb: float  # Its environment and its data.
    memory_mb: float
    memory_by_program_mb: dict[str, float]


def measure(folder: Path) -> Figures:
    """Measure on a clone in this folder."""
    clone = folder / "shopflow"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    with _made_to_run(clone) as fresh_s:
        pass
    with _made_to_run(clone) as second_s:
        time.sleep(_REST_S)
        memory = _memory_mb(clone)
    return Figures(fresh_s, second_s, _disk_mb(clone), sum(memory.values()), memory)


@contextmanager
def _made_to_run(clone: Path) -> Iterator[float]:
    """Run `make run` until the block ends; yields the seconds until it was ready."""
    begun = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHOPFLOW_")}
    with subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=environment | {"SHOPFLOW_PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as making:
        assert making.stdout is not None
        try:
            if not any("ShopFlow is ready" in line for line in making.stdout):
                raise RuntimeError("make run ended before the shop was ready")
            yield time.perf_counter() - begun
        finally:
            os.killpg(making.pid, signal.SIGTERM)
            making.wait(_STOP_S)


def _memory_mb(clone: Path) -> dict[str, float]:
    """Measure the memory by program: the shop, its servers, its sandbox."""
    found: dict[str, float] = {}
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.cwd().startswith(str(clone)):
                found[process.name()] = found.get(process.name(), 0.0) + process.memory_full_info().pss / 1e6
    return found


def _disk_mb(clone: Path) -> float:
    sizes = (path.lstat().st_blocks * 512 for path in clone.rglob("*") if not path.is_symlink())
    return sum(sizes) / 1e6
