"""The file of breached passwords: sorted, each once, whatever the order of the list, in little memory."""

import hashlib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.breached_file import make_breached_file
from engine.errors import BadInput
from engine.passwords import BreachedPasswords

WORDS = [f"word {number}" for number in range(200)]


def line(password: str, count: int | None = None) -> str:
    hashed = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    return hashed if count is None else f"{hashed}:{count}"


def made(folder: Path, lines: list[str], *, in_memory: int = 16) -> tuple[int, BreachedPasswords]:
    source, out = folder / "hashes.txt", folder / "breached.bin"
    source.write_text("\r\n".join(lines) + "\n")
    return make_breached_file(source, out, in_memory=in_memory), BreachedPasswords(out)


@pytest.mark.parametrize("order", [sorted, list, lambda lines: sorted(lines, reverse=True)])
def test_every_password_of_the_list_is_found_and_no_other(tmp_path: Path, order: type[list[str]]) -> None:
    count, file = made(tmp_path, order([line(word, 7) for word in WORDS]))

    assert count == len(WORDS)
    assert all(word in file for word in WORDS)
    assert not any(f"other {word}" in file for word in WORDS)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["breached.bin", "hashes.txt"]


@given(st.lists(st.sampled_from(WORDS)), st.integers(1, 20))
def test_each_stands_there_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], in_memory: int
) -> None:
    folder = tmp_path_factory.mktemp("list")

    source, out = folder / "hashes.txt", folder / "breached.bin"
    source.write_text("".join(f"{line(word)}\n" for word in words))
    make_breached_file(source, out, in_memory=in_memory)

    written = out.read_bytes()
    prefixes = [written[place : place + 8] for place in range(0, len(written), 8)]
    assert prefixes == sorted({bytes.fromhex(line(word)[:16]) for word in words})


@pytest.mark.parametrize("bad", ["no hash", "A" * 39, "A" * 41, f"{'A' * 40}:x", "A" * 400])
def test_a_line_that_is_no_hash_is_named_and_nothing_is_written(tmp_path: Path, bad: str) -> None:
    (tmp_path / "breached.bin").write_bytes(b"as it was")

    with pytest.raises(BadInput, match="line 2 "):
        made(tmp_path, [line("one"), bad, line("two")])

    assert (tmp_path / "breached.bin").read_bytes() == b"as it was"


def test_memory_does_not_grow_with_the_list(tmp_path: Path) -> None:
    source = tmp_path / "hashes.txt"
    source.write_text("".join(f"{line(str(number))}\n" for number in range(20_000)))
    peaks = []
    for in_memory in (1000, 20_000):
        tracemalloc.start()
        make_breached_file(source, tmp_path / "breached.bin", in_memory=in_memory)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    small, whole = peaks
    assert small < whole
    assert small < 3_000_000  # Twenty stretches are read at once while they are merged, each by 64 KiB.
