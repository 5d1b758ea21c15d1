"""Settings describe themselves, to people and to papers."""

from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.app import app
from cli.settings import page
from engine.settings import describe
from wiring.domains import ShopSettings

PAPER = Path(__file__).parent.parent.parent / "docs" / "settings.md"
KINDS = [group.type for group in msgspec.structs.fields(ShopSettings)]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.settings.out", Console(width=250))  # Wide enough for each name to stand in one line.


def shown(**environment: str) -> dict[str, list[str]]:
    """Columns of the printed table, by the setting's name."""
    result = CliRunner(env=environment).invoke(app, ["settings"])
    assert result.exit_code == 0, result.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.output.splitlines() if "│" in line]
    return {row[0]: row[1:] for row in rows}


def test_the_paper_is_as_make_settings_writes_it() -> None:
    assert PAPER.read_text(encoding="utf-8") == page() + "\n", "make settings"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_setting_has_a_meaning_that_is_a_sentence(kind: type) -> None:
    described = list(describe(kind))

    assert len(described) == len(msgspec.structs.fields(kind))
    assert all(one.meaning.endswith(".") and one.meaning[0].isalnum() for one in described)


def test_a_value_is_shown_with_its_source() -> None:
    table = shown(SHOPFLOW_TRIES="3")

    assert table["SHOPFLOW_TRIES"][:2] == ["3", "environment"]
    assert table["SHOPFLOW_SWEEP_S"][:2] == ["5", "default"]


def test_a_secret_that_stands_in_a_file_names_the_variable_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk_test_hush\n")
    table = shown(STRIPE_SECRET_KEY_FILE=str(tmp_path / "key"))

    assert table["STRIPE_SECRET_KEY"][:2] == ["(secret)", "STRIPE_SECRET_KEY_FILE"]
    assert table["STRIPE_WEBHOOK_SECRET"][:2] == ["", "default"]
    assert "hush" not in str(table)


def test_no_secret_is_shown() -> None:
    secrets = [one.name for kind in KINDS for one in describe(kind) if one.is_secret]
    table = shown(**dict.fromkeys(secrets, "smtp://hush@localhost:1"))

    assert {table[name][0] for name in secrets} == {"(secret)"}
    assert "hush" not in str(table)


def test_a_bad_value_is_one_line() -> None:
    result = CliRunner(env={"SHOPFLOW_TRIES": "many"}).invoke(app, ["settings"])

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
