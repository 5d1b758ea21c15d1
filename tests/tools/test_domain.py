"""`make domain` in a copy of this tree: what it makes passes its own tests, and the house's."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.postgres import Database
from tools import domain
from tools.domain import BadName, StepFailed, add, plural

ROOT = Path(__file__).parent.parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "var", "__pycache__", "faults", "bench", "fixtures", "node_modules")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT, tmp_path / "tree", ignore=LEFT_OUT)
    (tmp_path / "tree" / "bench").mkdir()
    if (ROOT / ".mypy_cache").is_dir():  # Types of what is not the domain's own are known already.
        shutil.copytree(ROOT / ".mypy_cache", tmp_path / "tree" / ".mypy_cache")
    return tmp_path / "tree"


def contents(tree: Path) -> Mapping[str, bytes]:
    """All files of a tree but what tools keep for themselves."""
    files = (path for path in tree.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(tree).parts)
    }


def run(tree: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        check=False,
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout or done.stderr


@pytest.mark.timeout(240)  # A shop is opened in another program.
def test_a_made_domain_passes_its_tests_and_the_house_rules(tree: Path) -> None:
    before = contents(tree)

    printed = run(tree, "tools.domain", "lantern")

    after = contents(tree)
    changed = {path for path in after if after[path] != before.get(path)}
    assert set(re.findall(r"^(?:made|edited) (.*)$", printed, re.MULTILINE)) == changed
    assert printed.startswith("made ")
    assert set(re.findall(r"^edited (.*)$", printed, re.MULTILINE)) == changed & before.keys()
    run(tree, "ruff", "check", "actors", "bus", "gateway", "wiring", "tests/actors/lantern")
    run(tree, "ruff", "format", "--check", "actors", "bus", "gateway", "wiring", "tests/actors/lantern")
    run(tree, "pytest", "-q", "-p", "no:cacheprovider", "tests/actors/lantern", "tests/bus/test_golden.py")
    run(tree, "mypy", "actors/lantern", "bus/messages/lantern.py", "gateway/api/lantern.py", "tests/actors/lantern")
    run(tree, "pytest", "-q", "-p", "no:cacheprovider", "tests/test_tidy.py", "-k", "lantern or domains or listeners")
    run(tree, "pytest", "-q", "-p", "no:cacheprovider", "tests/tools", "--deselect", "tests/tools/test_domain.py")


@pytest.mark.parametrize("name", ["", "Review", "two words", "../up", "order", "class", "match", "list", "engine"])
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadName):
        add(name, tmp_path)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "inventory", "base", "health", "public", "orders",  # A domain, files, schemas.
        "setting", "webhooks", "openapi",  # `Settings` is a class, and the others are imported by the routes.
    ],
)  # fmt: skip
def test_a_name_that_is_taken_is_refused_and_changes_nothing(name: str, tree: Path) -> None:
    before = contents(tree)

    with pytest.raises(BadName):
        add(name, tree)

    assert contents(tree) == before


def test_a_refusal_is_one_line_and_status_2(tree: Path) -> None:
    assert run(tree, "tools.domain", "base", code=2) == "make domain: bus/messages/base.py exists\n"


@pytest.mark.parametrize("step", ["ruff", "pytest", "tools.page_types"])
def test_a_domain_is_undone_whichever_step_fails(step: str, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, steps = contents(tree), list[str]()

    def fail(root: Path, *words: str, **_: str) -> None:
        steps.append(words[0])
        (root / "docs" / "domains.md").write_text("half written", encoding="utf-8")
        (root / "tests" / "bus" / "golden" / "lantern.json").write_text("{}", encoding="utf-8")
        if words[0] == step:
            raise StepFailed("no")

    monkeypatch.setattr(domain, "_run", fail)

    with pytest.raises(StepFailed):
        add("lantern", tree)

    assert steps[-1] == step
    assert contents(tree) == before
    assert not (tree / "actors" / "lantern").exists()


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("review", "reviews"), ("wish", "wishes"), ("box", "boxes"), ("dish", "dishes"), ("search", "searches"),
        ("category", "categories"), ("day", "days"), ("address", "addresses"), ("waltz", "waltzes"), ("page", "pages"),
    ],
)  # fmt: skip
def test_nouns_have_their_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_a_noun_may_contain_the_skeletons() -> None:
    assert domain._renamed("Things of a thing, NoSuchThing", "clothing") == "Clothings of a clothing, NoSuchClothing"


async def test_the_words_of_sql_are_those_that_postgresql_reserves(database: Database) -> None:
    rows = await database.fetch("select word from pg_get_keywords() where catcode in ('R', 'T')")

    reserved = {row["word"] for row in rows if re.fullmatch("[a-z]{3,30}", row["word"])}
    assert reserved - {"localtimestamp"} == {  # No name of a domain, but what the house's rule about clocks looks for.
        word for word in domain._RESERVED if len(word) > 2
    }
