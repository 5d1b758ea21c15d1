"""Settings describe themselves, to people and to papers."""

import re
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


def shown(**environment: str) -> dict[str, list[str]]:
    """Value, source and meaning of what is printed into a pipe, by the setting's name."""
    result = CliRunner(env=environment).invoke(app, ["settings"])
    assert result.exit_code == 0, result.output
    rows = [re.fullmatch(r"(\w+)=(.*)  # (\w+): (.*)", line) for line in result.stdout.splitlines()]
    return {row[1]: [row[2], row[3], row[4]] for row in rows if row}


def test_a_pipe_gets_a_whole_line_for_each_setting() -> None:
    table = shown(SHOPFLOW_IMPRINT="x" * 300)

    settings = {one.name: one.meaning for kind in KINDS for one in describe(kind)}
    assert {name: row[2] for name, row in table.items()} == settings
    assert table["SHOPFLOW_IMPRINT"][0] == "x" * 300


def test_a_narrow_terminal_gets_whole_names_and_all_of_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.settings.out", Console(width=80, force_terminal=True, color_system=None))
    result = CliRunner(env={"SHOPFLOW_IMPRINT": "1234567890" * 10}).invoke(app, ["settings"])

    cells = [line.split("│")[1:3] for line in result.output.splitlines() if line.startswith("│")]
    assert {one.name for kind in KINDS for one in describe(kind)} <= {cell[0].strip() for cell in cells}
    assert "…" not in "".join(cell for row in cells for cell in row)
    assert "1234567890" * 10 in "".join(row[1].strip() for row in cells)


def test_a_misspelt_variable_is_named_once_and_the_command_goes_on() -> None:
    result = CliRunner(env={"SHOPFLOW_PROT": "1"}).invoke(app, ["settings"])

    assert result.exit_code == 0
    assert result.stderr == (
        "ShopFlow: SHOPFLOW_PROT: there is no such setting, so it does nothing; is it SHOPFLOW_PORT?\n"
    )


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
