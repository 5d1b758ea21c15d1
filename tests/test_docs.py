"""What docs/ and README.md show, run as their readers would run it."""

import asyncio
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from bus.messages.inventory import SetOnHand
from testkit import ShopUnderTest
from tests.docs import examples

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


@pytest.mark.timeout(120)  # A dozen shops are opened in another program.
def test_every_example_of_the_testing_guide_is_a_test_that_passes(tmp_path: Path) -> None:
    for name, content in examples("testing.md").items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "testkit", "-p", "no:cacheprovider", "-W", "error"],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=110,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 passed" in done.stdout


async def test_the_example_in_the_readme_works(shop: ShopUnderTest) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(textwrap.dedent(example), names)
    test = names["test_a_cart_gives_its_units_back"]

    assert callable(test)
    await test(shop)


async def test_the_example_for_programs_in_the_guide_to_live_stock_works(shop: ShopUnderTest) -> None:
    names: dict[str, Any] = {}
    exec(examples("live.md")["watch.py"], names)

    async with asyncio.timeout(10):
        waiting = asyncio.create_task(names["low_on"](shop.url, ["MUG", "BOOK"], 4))
        await shop.ask(SetOnHand(sku="MUG", on_hand=4))

        assert await waiting == "MUG: 4 left"


@pytest.mark.parametrize("target", ["run", "test"])
def test_the_readme_names_the_two_commands(target: str) -> None:
    assert f"make {target}" in README.read_text(encoding="utf-8")


PAPERS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
MODULES = [path for path in ROOT.glob("*/**/*.py") if ".venv" not in path.parts]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_paper_links_to_is_there(paper: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", paper.read_text(encoding="utf-8"))

    assert not [link for link in links if not (paper.parent / link).exists()]


def test_a_decision_and_its_module_name_each_other() -> None:
    by_modules = {
        (number, path.relative_to(ROOT).as_posix())
        for path in MODULES
        for number in re.findall(r"docs/decisions/(\d{4})", path.read_text(encoding="utf-8"))
    }
    by_papers = {
        (path.name[:4], module)
        for path in (ROOT / "docs" / "decisions").glob("0*.md")
        for module in re.findall(r"^Where: `(.*)`", path.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert by_modules == by_papers
