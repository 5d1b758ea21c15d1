"""The master key that is made at the first start."""

import os
import stat
from pathlib import Path

import pytest

from engine.master_key import read_master_key


def test_the_key_that_is_made_is_the_key_from_then_on(tmp_path: Path) -> None:
    made = read_master_key("", tmp_path / "data")
    assert len(made) == 32
    assert read_master_key("", tmp_path / "data") == made
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["master.key"]
    assert stat.S_IMODE((tmp_path / "data" / "master.key").stat().st_mode) == 0o600


def test_a_power_failure_takes_neither_the_key_nor_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[object] = []

    def fsync(opened: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        synced.append({file.name for file in tmp_path.iterdir()} if is_folder else os.fstat(opened).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    for _ in range(2):  # Again at the next start: who made the key may have been killed before its name was safe.
        read_master_key("", tmp_path)
    assert synced == [32, {"master.key"}, {"master.key"}]


def test_of_two_who_make_it_the_first_ones_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "master.key"

    def link(_draft: Path, there: Path) -> None:
        there.write_bytes(b"o" * 32)
        raise FileExistsError

    monkeypatch.setattr(os, "link", link)
    assert read_master_key("", tmp_path) == b"o" * 32
    assert list(tmp_path.iterdir()) == [key]
