"""docs/lives.md says what the code does."""

import re
from pathlib import Path

import pytest

from tools.lives_page import PAGE, Life, lives, text

ROOT = Path(__file__).parent.parent.parent
ROW = re.compile(r"    (\[\*\]|\w+) --> (\[\*\]|\w+)(: [\w ,]+)?")  # What Mermaid's grammar takes without quotes.


def diagrams() -> list[str]:
    return re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)\n```", text(), re.DOTALL)


def test_the_lives_are_as_make_docs_draws_them() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "make docs"


@pytest.mark.parametrize("diagram", diagrams())
def test_a_diagram_is_small_and_its_rows_are_of_one_form(diagram: str) -> None:
    rows = diagram.splitlines()

    assert [row for row in rows if not ROW.fullmatch(row)] == []
    assert len(rows) <= 20


@pytest.mark.parametrize("life", lives(), ids=lambda life: life.name)
def test_a_life_names_its_table(life: Life) -> None:
    assert re.search(rf"^{life.table}: ", (ROOT / life.file).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("life", lives(), ids=lambda life: life.name)
def test_every_state_is_a_first_one_or_follows_another(life: Life) -> None:
    reached = {*life.begins, *(each.after for each in life.transitions)}

    assert {each.before for each in life.transitions} <= reached
