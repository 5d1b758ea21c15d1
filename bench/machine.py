"""A description of this machine, so that figures of two machines can be compared."""

import os
import platform
from pathlib import Path
from time import process_time

import psutil

_COUNTED = 10_000_000


def describe() -> str:
    """Describe the machine in a line. The time it takes to count says most: shared machines differ threefold."""
    memory_gib = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores of {_processor()}, {memory_gib:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, which counts to ten million in {_counting_s():.2f} s"
    )


def _counting_s() -> float:
    begun, total = process_time(), 0
    for number in range(_COUNTED):
        total += number
    return process_time() - begun


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
