"""The list of the forgotten: what one home has is known, and nobody is named."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.privacy.erased_list import ErasedList
from engine.errors import Unavailable
from engine.objects.folder import FolderObjects
from engine.roots import Roots

ROOTS = Roots((b"1" * 32,))


class Away(FolderObjects):
    """A home that does not answer."""

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        async for key in super().keys(prefix):
            yield key
        raise Unavailable("S3", prefix)


async def test_who_is_on_the_list_is_found_by_a_hash_and_not_by_an_id(tmp_path: Path) -> None:
    listed = ErasedList([FolderObjects(tmp_path)], ROOTS)
    name = await listed.add("cus_ada", ["ord_1", "ord_2"])

    assert await listed.names() == {name}
    assert await listed.read(name) == {listed.name_of(each) for each in ("cus_ada", "ord_1", "ord_2")}
    written = [file.read_text() + file.name for file in tmp_path.rglob("*") if file.is_file()]
    assert len(written) == 1
    assert not [each for each in ("cus_ada", "ord_1") if each in written[0]]


async def test_it_is_the_same_after_the_root_was_changed(tmp_path: Path) -> None:
    before = ErasedList([FolderObjects(tmp_path)], ROOTS)
    after = ErasedList([FolderObjects(tmp_path)], Roots((b"1" * 32, b"2" * 32)))

    assert await before.add("cus_ada", []) == await after.add("cus_ada", [])


async def test_one_of_two_homes_is_enough(tmp_path: Path) -> None:
    both = ErasedList([FolderObjects(tmp_path / "here"), FolderObjects(tmp_path / "there")], ROOTS)
    name = await both.add("cus_ada", [])
    lost = ErasedList([FolderObjects(tmp_path / "new"), FolderObjects(tmp_path / "there")], ROOTS)
    away = ErasedList([FolderObjects(tmp_path / "here"), Away(tmp_path / "there")], ROOTS)

    assert await lost.names() == await away.names() == {name}
    assert await lost.read(name) == await away.read(name) == {both.name_of("cus_ada")}


async def test_the_first_home_must_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await ErasedList([Away(tmp_path)], ROOTS).names()
