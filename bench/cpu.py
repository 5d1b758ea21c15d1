"""Processor time by program: the shop's, PostgreSQL's, Valkey's, the sandbox's, and the load generator's."""

from collections.abc import Mapping
from contextlib import suppress

import psutil

from testkit.programs import Running, at_work

_WORDS = {"sandbox": "sandbox", "postgres": "PostgreSQL", "valkey": "Valkey"}


def used_s(shop: Running, load: int | None = None) -> Mapping[str, float]:
    """Processor seconds of each program since it began, user and system together.

    Args:
        shop: The shop to measure. Its servers are those that work in its folder.
        load: The process that makes the load, if it is a separate one.
    """
    used = {"shop": _of(psutil.Process(shop.process_id))}
    if load is not None:
        used["load"] = _of(psutil.Process(load))
    for process in at_work(shop.folder):
        with suppress(psutil.NoSuchProcess):
            who = next(name for word, name in _WORDS.items() if word in " ".join(process.cmdline()))
            used[who] = used.get(who, 0.0) + _of(process) + _ended_children_s(process)
    return used


def between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """The processor seconds that were used between two readings."""
    return {who: seconds - before.get(who, 0.0) for who, seconds in after.items()}


def _of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _ended_children_s(process: psutil.Process) -> float:
    """Processor seconds of children that have ended, as PostgreSQL's sessions do."""
    times = process.cpu_times()
    return float(times.children_user + times.children_system)
