"""`make domain` in a copy of this tree: what it makes passes its own tests, and the house's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.domain import BadName, make

ROOT = Path(__file__).parent.parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "var", "__pycache__", "faults", "bench", "fixtures", "node_modules")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT, tmp_path / "tree", ignore=LEFT_OUT)
    (tmp_path / "tree" / "bench").mkdir()
    return tmp_path / "tree"


def run(tree: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        check=False,
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(240)  # A shop is opened in another program.
def test_a_made_domain_passes_its_tests_and_the_house_rules(tree: Path) -> None:
    made = run(tree, "tools.domain", "lantern")

    assert "made actors/lantern/actor.py" in made
    run(tree, "ruff", "check", "actors", "bus", "gateway", "wiring", "tests/actors/lantern")
    run(tree, "ruff", "format", "--check", "actors", "bus", "gateway", "wiring", "tests/actors/lantern")
    run(tree, "pytest", "-q", "-p", "no:cacheprovider", "tests/actors/lantern", "tests/bus/test_golden.py")
    run(tree, "mypy", "actors/lantern", "bus/messages/lantern.py", "gateway/api/lantern.py", "tests/actors/lantern")
    run(tree, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_tidy.py", "-k", "lantern or domains or listeners")


@pytest.mark.parametrize("name", ["", "Review", "two words", "../up", "order", "inventory"])
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path) -> None:
    taken = tmp_path / "actors" / "inventory"
    taken.mkdir(parents=True)

    with pytest.raises(BadName):
        make(name, tmp_path)

    assert sorted(tmp_path.rglob("*")) == [taken.parent, taken]
