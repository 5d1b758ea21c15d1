"""Messages in memory, measured in a process for each library, one after the other, several times; nothing is stored."""

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bench import peers
from testkit.programs import ROOT

WORDS = {
    "ShopFlow": [sys.executable, "-m", "bench.memory.ours"],
    "asyncio.Queue and a future": [sys.executable, "-m", "bench.memory.bare"],
    "Pykka": [str(peers.PYTHON), "-m", "bench.memory.with_pykka"],
    "Pykka, asked one by one as is usual": [str(peers.PYTHON), "-m", "bench.memory.with_pykka", "--one-by-one"],
    "xoscar": [str(peers.PYTHON), "-m", "bench.memory.with_xoscar"],
}
_WITHIN_S = 300.0


class Rates(msgspec.Struct, frozen=True):
    """Messages per second, of each repeat."""

    tell: Sequence[float]
    ask: Sequence[float]


@dataclass(frozen=True)
class Row:
    """The rates of a library."""

    library: str
    rates: Rates

    @property
    def tell(self) -> float:
        return statistics.median(self.rates.tell)

    @property
    def ask(self) -> float:
        return statistics.median(self.rates.ask)


async def measure() -> list[Row]:
    """Measure all libraries."""
    peers.install()
    return [Row(library, _run(words)) for library, words in WORDS.items()]


def _run(words: Sequence[str]) -> Rates:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, timeout=_WITHIN_S)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Rates)
