"""Commands refuse what can't be meant in plain words, and list themselves in one order."""

import pytest
from typer.testing import CliRunner

from cli import app as commands
from cli.messages import _rows


def refusal(*words: str) -> str:
    result = CliRunner(env={"COLUMNS": "250", "TERMINAL_WIDTH": "250"}).invoke(commands.app, words)
    assert result.exit_code == 2, result.output
    return result.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("import", "--decimal", "x", "f.csv"), "it must be one of none . ,"),
        (("token", "--days", "0"), "it must be a whole number from 1 to 3650"),
        (("token", "--days", "3651"), "it must be a whole number from 1 to 3650"),
        (("token", "--days", "soon"), "it must be a whole number from 1 to 3650"),
        (("serve", "--actors", "nobody"), "ShopFlow: --actors: no actor is called nobody; there are analytics, "),
    ],
)
def test_what_can_not_be_meant_is_refused_in_plain_words(words: tuple[str, ...], why: str) -> None:
    told = refusal(*words)

    assert why in told
    assert "Input should" not in told
    assert "Value error" not in told


def test_help_lists_token_beside_tokens() -> None:
    told = CliRunner().invoke(commands.app, ["--help"]).stdout

    listed = [line.split()[1] for line in told.splitlines() if line.startswith("│ ") and line[2] != " "]
    assert [name for name in listed if not name.startswith("-")] == list(commands._ORDER)
    assert "Examples: run.py serve" in told


@pytest.mark.parametrize(
    ("letter_ids", "rows"),
    [(["7", "x", "12"], [7, 12]), (["9" * 19], []), (["9" * 18], [10**18 - 1]), (["-1", ""], [])],
)
def test_ids_of_rows_are_numbers_that_fit(letter_ids: list[str], rows: list[int]) -> None:
    assert _rows(letter_ids) == rows
