"""The commands about persons, beside a running shop."""

import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.process import Program, program
from tests.waiting import eventually


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Program]:
    async with program() as made:
        await made.start()
        yield made


@pytest.fixture(scope="module")
async def number(running: Program) -> str:
    """The number of a guest's order."""
    found = re.search(r"SF-\d+", await running.good("tour"))
    assert found
    return found[0]


async def test_all_that_is_kept_about_a_guests_order_is_written_to_a_file(
    running: Program, number: str, tmp_path: Path
) -> None:
    file = tmp_path / "data.zip"

    assert number in await running.good("personal-data", number, str(file))

    with zipfile.ZipFile(file) as archive:
        assert "ada@example.com" in archive.read("orders.json").decode()
    assert file.stat().st_mode & 0o077 == 0


async def test_a_hold_stops_an_erasure_and_says_why(running: Program, number: str) -> None:
    assert "file 12" in await running.good("legal-holds", "add", number, "--reason", "file 12", "--until", "2999-01-01")

    held = await running.run("erase", number, "--yes")
    listed = await running.good("legal-holds", "list")
    released = await running.good("legal-holds", "release", number)

    assert (held.code, held.err) == (1, f"ShopFlow: {number} is on hold, until 2999-01-01: file 12\n")
    assert "file 12" in listed
    assert released == "Nobody is on hold.\n"


async def test_a_guest_is_forgotten_and_a_young_order_waits(running: Program, number: str) -> None:
    assert "is forgotten" in await running.good("erase", number, "--yes")

    async def waits() -> bool:
        return "1 order waits" in await running.good("erasures")

    await eventually(waits)


async def test_nobody_is_forgotten_by_mistake(running: Program) -> None:
    for who in ("SF-1", "cus_nobody"):
        done = await running.run("erase", who, "--yes")
        assert (done.code, done.err) == (1, f"ShopFlow: there is no {who}\n")
    assert (await running.run("erase", "SF-1")).code == 1  # Nobody says yes.
    assert (await running.run("personal-data", "SF-1", "x.zip")).code == 2
