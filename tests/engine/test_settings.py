"""Settings: typed, bounded, and one clear line for a wrong one."""

from pathlib import Path
from typing import Annotated

import pytest

from engine.errors import BadSetting
from engine.settings import EngineSettings, Port, Setting, Settings, describe, meaning, read_settings, unknown_variables


class Edge(Settings, frozen=True, kw_only=True):
    shopflow_port: Port = 8000
    shopflow_quiet: bool = False
    secret_key: str


def test_what_is_not_there_has_its_default() -> None:
    assert read_settings(EngineSettings, {}) == EngineSettings()


def test_values_become_what_their_type_says() -> None:
    read = read_settings(
        EngineSettings,
        {"SHOPFLOW_DATA": "elsewhere", "SHOPFLOW_TRIES": "3", "SHOPFLOW_SWEEP_S": "0.5", "SHOPFLOW_LOG_JSON": "true"},
    )

    assert read.shopflow_data == Path("elsewhere")
    assert (read.shopflow_tries, read.shopflow_sweep_s, read.shopflow_log_json) == (3, 0.5, True)


def test_an_empty_variable_counts_as_one_that_is_not_there() -> None:
    assert read_settings(EngineSettings, {"DATABASE_URL": "", "SHOPFLOW_TRIES": ""}) == EngineSettings()


def test_variables_of_others_are_passed_over() -> None:
    assert read_settings(EngineSettings, {"PATH": "/bin", "shopflow_tries": "x"}) == EngineSettings()


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("SHOPFLOW_TRIES", "three", "must be a whole number (Tries before"),
        ("SHOPFLOW_TRIES", "1.5", "must be a whole number"),
        ("SHOPFLOW_TRIES", "0", "must be at least 1"),
        ("SHOPFLOW_SWEEP_S", "-1", "must be more than 0"),
        ("SHOPFLOW_SWEEP_S", "soon", "must be a number"),
        ("SHOPFLOW_INLINE_S", "99", "must be at most 10"),
        ("SHOPFLOW_LOG", "chatty", "has not the right form (The least that is logged: debug, info, warning or error)"),
        ("SHOPFLOW_LOG_JSON", "perhaps", "must be true or false"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable_and_not_the_value(
    variable: str, value: str, why: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings(EngineSettings, {variable: value})

    line = str(refused.value)
    assert line.startswith(f"{variable}: {why}")
    assert "\n" not in line
    assert "`" not in line
    assert value not in line.split()


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"^SHOPFLOW_PORT: must be at most 65535$"):
        read_settings(Edge, {"SHOPFLOW_PORT": "70000", "SECRET_KEY": "x"})


def test_a_missing_value_names_its_variable() -> None:
    with pytest.raises(BadSetting, match=r"^SECRET_KEY: must be set$"):
        read_settings(Edge, {})


class Described(Settings, frozen=True, kw_only=True):
    some_port: Annotated[Port, meaning("Where it listens.")] = 80
    some_key: Annotated[str, meaning("Opens it.", is_secret=True)] = ""


def test_a_setting_says_what_it_means_and_whether_it_is_secret() -> None:
    assert list(describe(Described)) == [
        Setting("SOME_PORT", "some_port", 80, "Where it listens.", is_secret=False),
        Setting("SOME_KEY", "some_key", "", "Opens it.", is_secret=True),
    ]


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2\n")
    file = str(tmp_path / "key")

    assert read_settings(Described, {"SOME_KEY_FILE": file}).some_key == "hunter2"
    assert read_settings(Described, {"SOME_KEY_FILE": ""}).some_key == ""
    assert read_settings(Described, {"SOME_PORT_FILE": file}).some_port == 80  # It is no secret.


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"SOME_KEY_FILE": "/nowhere/key"}, "^SOME_KEY_FILE: can't read /nowhere/key: no such file or directory$"),
        ({"SOME_KEY_FILE": "/", "SOME_KEY": "hunter2"}, "^SOME_KEY_FILE: SOME_KEY is set, too"),
        ({"SOME_KEY_FILE": "/"}, "^SOME_KEY_FILE: can't read /: is a directory$"),
    ],
)
def test_a_file_of_a_secret_that_is_no_use_is_one_line(environment: dict[str, str], why: str) -> None:
    with pytest.raises(BadSetting, match=why) as refused:
        read_settings(Described, environment)
    assert "hunter2" not in str(refused.value)


def test_a_setting_with_a_meaning_keeps_its_bounds() -> None:
    with pytest.raises(BadSetting, match=r"^SOME_PORT: must be at most 65535 \(Where it listens\)$"):
        read_settings(Described, {"SOME_PORT": "65536"})


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"SOME_PROT": "1"}, [("SOME_PROT", "SOME_PORT")]),
        ({"SOME_KEY_FIEL": "x", "SOME_KYE": "y"}, [("SOME_KEY_FIEL", "SOME_KEY_FILE"), ("SOME_KYE", "SOME_KEY")]),
        ({"SOME_PORT": "1", "SOME_KEY_FILE": "x", "SOME_EMPTY": "", "OTHER": "1"}, []),
        ({"SOME_PORT_FILE": "x"}, [("SOME_PORT_FILE", "SOME_PORT")]),  # Only secrets stand in files.
    ],
)
def test_a_variable_that_no_setting_reads_is_found_with_the_likely_one(
    environment: dict[str, str], found: list[tuple[str, str]]
) -> None:
    assert unknown_variables([Described], environment, "SOME_") == found
