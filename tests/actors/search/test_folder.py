"""The index's folder: documents and place agree however a process ends, and a broken folder is no loss."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from actors.search.asked import Question
from actors.search.findable import Findable
from actors.search.folder import IndexFolder
from tests.waiting import eventually

KILLS = 6

# Writes commit after commit: the product of change N is P<N % 50>, at revision N. Says so when the folder is open.
INDEXER = """
import sys
from pathlib import Path
from actors.search.findable import Findable
from actors.search.folder import IndexFolder
from engine.crash import arm

arm(sys.argv[2])
folder = IndexFolder(Path(sys.argv[1]), "en")
assert folder.lock()
finder = folder.refresh()
if finder is None:
    folder.build().swap(0)
    finder = folder.refresh()
print("open", flush=True)
seq = finder.place
while True:
    last, seq = seq, seq + 1 + seq % 7
    changed = {f"P{each % 50}": each for each in range(last + 1, seq + 1)}
    folder.write([Findable(id=key, title="Mug", revision=each) for key, each in changed.items()], (), seq)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[IndexFolder]:
    opened = IndexFolder(tmp_path, "en")
    yield opened
    opened.close()


def built(folder: IndexFolder, titles: dict[str, str], place: int = 1) -> None:
    assert folder.lock()
    build = folder.build()
    build.add(Findable(id=key, title=title, revision=place) for key, title in titles.items())
    build.swap(place)


def found(folder: IndexFolder, q: str) -> set[str]:
    finder = folder.refresh()
    assert finder is not None
    return set(finder.find(Question(q=q, limit=100), 0).ids)


def test_a_folder_without_an_index_has_none(folder: IndexFolder) -> None:
    assert folder.refresh() is None


def test_a_commit_has_its_products_and_its_place(folder: IndexFolder) -> None:
    built(folder, {"A": "Mug", "B": "Lamp"}, place=3)
    assert folder.refresh() is not None

    folder.write([Findable(id="A", title="Cup"), Findable(id="C", title="Mug")], ["B"], 9)

    finder = folder.refresh()
    assert finder is not None
    assert finder.place == 9
    assert finder.products == 2
    assert found(folder, "mug") == {"C"}
    assert found(folder, "lamp") == set()


def test_one_process_indexes_and_others_see_what_it_commits(folder: IndexFolder, tmp_path: Path) -> None:
    built(folder, {"A": "Mug"})
    assert folder.refresh() is not None
    other = IndexFolder(tmp_path, "en")

    assert not other.lock()
    assert found(other, "mug") == {"A"}
    folder.write([Findable(id="B", title="Mug")], (), 2)
    assert found(other, "mug") == {"A", "B"}
    folder.close()
    assert other.lock()
    other.close()


def test_an_index_is_swapped_under_its_readers(folder: IndexFolder, tmp_path: Path) -> None:
    built(folder, {"A": "Mug"}, place=1)
    reader = IndexFolder(tmp_path, "en")
    old = reader.refresh()
    assert old is not None

    built(folder, {"B": "Mug"}, place=2)
    built(folder, {"C": "Mug"}, place=3)  # This build removes the generation that `old` reads.

    assert set(old.find(Question(q="mug"), 0).ids) == {"A"}
    assert found(reader, "mug") == {"C"}
    assert len([path for path in folder.path.iterdir() if path.is_dir()]) <= 2


def test_a_build_that_ended_before_its_swap_is_not_answered_from(folder: IndexFolder) -> None:
    built(folder, {"A": "Mug"})
    build = folder.build()
    build.add([Findable(id="B", title="Mug")])

    assert found(folder, "mug") == {"A"}
    built(folder, {"C": "Mug"})
    assert found(folder, "mug") == {"C"}


def test_another_language_is_another_folder(tmp_path: Path) -> None:
    assert IndexFolder(tmp_path, "en").path != IndexFolder(tmp_path, "de").path


@pytest.mark.parametrize("kind", [".term", ".idx", ".fast", ".store", ".pos", "meta.json"])
@pytest.mark.parametrize("left", [0.0, 0.5])
def test_a_torn_file_is_refused_and_the_folder_built_anew(folder: IndexFolder, kind: str, left: float) -> None:
    built(folder, {f"P{number}": f"Mug {number}" for number in range(200)})
    folder.close()
    generation = folder.path / (folder.path / "current").read_text()
    for path in generation.glob(f"*{kind}"):
        os.truncate(path, int(path.stat().st_size * left))

    assert folder.refresh() is None
    built(folder, {"A": "Mug"}, place=2)
    assert found(folder, "mug") == {"A"}


@pytest.mark.parametrize("current", [b"", b"../..", b"7", b"\xff"])
def test_a_name_that_is_no_generation_is_no_index(folder: IndexFolder, current: bytes) -> None:
    built(folder, {"A": "Mug"})
    folder.close()
    (folder.path / "current").write_bytes(current)

    assert folder.refresh() is None
    built(folder, {"B": "Mug"})
    assert found(folder, "mug") == {"B"}


def agree(home: Path) -> int:
    """Read the place of a folder whose indexer is gone, and hold the documents against it."""
    folder = IndexFolder(home, "en")
    finder = folder.refresh()
    if finder is None:
        return 0
    place = finder.place
    assert finder.revisions() == {f"P{each % 50}": each for each in range(max(1, place - 49), place + 1)}
    return place


@pytest.mark.slow
async def test_documents_and_place_agree_after_kills_at_any_moment(tmp_path: Path) -> None:
    chance, places = Random(7), [0]
    for _ in range(KILLS):
        command = [sys.executable, "-c", INDEXER, str(tmp_path), ""]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:  # noqa: ASYNC220 - nothing else runs here
            assert child.stdout is not None
            assert child.stdout.readline() == b"open\n"
            wanted = places[-1] + chance.randrange(1, 60)
            await eventually(lambda: agree(tmp_path) >= wanted)  # noqa: B023 - it is done before the next one.
            child.send_signal(signal.SIGKILL)
        places.append(agree(tmp_path))

    assert places == sorted(places)
    assert places[-1] > KILLS


@pytest.mark.slow
@pytest.mark.parametrize("point", ["search-committing:3", "search-committed:3", "search-swapping"])
def test_documents_and_place_agree_after_a_crash_at_each_point(tmp_path: Path, point: str) -> None:
    for _ in range(2):  # The second one begins where the first one ended.
        ended = subprocess.run(
            [sys.executable, "-c", INDEXER, tmp_path, point], capture_output=True, timeout=30, check=False
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        before = agree(tmp_path)

    next_one = IndexFolder(tmp_path, "en")
    assert next_one.lock()
    next_one.close()
    assert agree(tmp_path) == before
