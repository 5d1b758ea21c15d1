"""The file of breached passwords that `SHOPFLOW_BREACHED_PASSWORDS` names, made of a list of SHA-1 hashes.

Lists of breached passwords have a billion lines, sorted by hash or by count, so they are sorted outside memory:
stretches that fit into it are sorted and written, then merged. A list that is sorted already is one stretch.
"""

import heapq
import os
import re
import sys
from array import array
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from engine.errors import BadInput

_IN_MEMORY: Final = 2_000_000  # Hashes, some 80 MB while they are sorted. A billion of them are 500 stretches at most.
_AT_ONCE: Final = 8192
_LONGEST_LINE: Final = 128
_LINE: Final = re.compile(rb"([0-9A-Fa-f]{16})[0-9A-Fa-f]{24}(?::[0-9]+)?\s*")
_TYPE: Final = "Q"  # Eight bytes.


def make_breached_file(source: Path, out: Path, *, in_memory: int = _IN_MEMORY) -> int:
    """Write the first eight bytes of each SHA-1 of a list, sorted, each once; return how many there are.

    The file is there as a whole or not at all; one that was there is replaced. Beside it there must be place for three
    times its size while it is made.

    Args:
        source: A line for each: 40 hexadecimal digits, and maybe a colon and a count.
        out: The file.
        in_memory: How many hashes are in memory at once.

    Raises:
        BadInput: A line is no hash; it says which. Nothing was written.
        OSError: The list can't be read, or the file can't be written.
    """
    with TemporaryDirectory(dir=out.parent, prefix=".breached-") as folder:
        runs = _write_runs(source, Path(folder), in_memory)
        merged = Path(folder) / "merged"
        with merged.open("wb") as file:
            count = _write(file, (value for value, _ in groupby(heapq.merge(*map(_read, runs)))))
            file.flush()
            os.fsync(file.fileno())
        merged.replace(out)
    return count


def _write_runs(source: Path, folder: Path, in_memory: int) -> list[Path]:
    """Write sorted stretches; one that goes on where the last one ends is added to it."""
    runs: list[Path] = []
    last = -1
    with source.open("rb") as lines:
        prefixes = _prefixes(lines)
        while chunk := sorted(islice(prefixes, in_memory)):
            if not runs or chunk[0] < last:
                runs.append(folder / f"{len(runs)}")
            with runs[-1].open("ab") as run:
                array(_TYPE, chunk).tofile(run)
            last = chunk[-1]
    return runs


def _prefixes(lines: IO[bytes]) -> Iterator[int]:
    for number, line in enumerate(iter(lambda: lines.readline(_LONGEST_LINE), b""), 1):
        if found := _LINE.fullmatch(line):
            yield int(found[1], 16)
        elif line.strip():
            raise BadInput(f"line {number} is no SHA-1 of 40 digits")


def _read(run: Path) -> Iterator[int]:
    with run.open("rb") as file:
        while content := file.read(8 * _AT_ONCE):
            yield from array(_TYPE, content)


def _write(file: IO[bytes], values: Iterable[int]) -> int:
    count, iterator = 0, iter(values)
    while chunk := array(_TYPE, islice(iterator, _AT_ONCE)):
        count += len(chunk)
        if sys.byteorder == "little":
            chunk.byteswap()  # In the file the first byte is the first of the hash.
        chunk.tofile(file)
    return count
