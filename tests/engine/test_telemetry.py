"""Logs: a line for each thing that is logged, and nothing in it that acts, or opens anything."""

import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from engine.telemetry import configure_logging, logger, printable

KEYS = re.compile(r"(cart_\w{4})\w+|(://\w+:)\w+(?=@)")
NASTY = "\x1b[2Jgone\r\n2030-01-07 [info] refund approved\x00\u202efdp"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before[0])
    logging.root.handlers[:], logging.root.level = before[1], before[2]


@pytest.mark.parametrize("where", ["event", "value", "name of a part", "the standard library's"])
def test_a_line_for_people_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str], where: str) -> None:
    configure_logging("info", as_json=False)
    match where:
        case "event":
            logger().info(NASTY)
        case "value":
            logger().info("a request failed", path=NASTY)
        case "name of a part":
            logger(part=NASTY).info("a request failed")
        case _:
            logging.getLogger("any").error("%s", NASTY)

    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert not [character for character in written[:-1] if not character.isprintable()]
    assert r"\x1b[2Jgone" in written


def test_a_traceback_is_indented_so_that_no_text_passes_for_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", as_json=False, keys=KEYS)
    try:
        int(NASTY + " cart_abcdefgh")
    except ValueError as error:
        logger().error("a request failed", exc_info=ValueError(f"{error} {NASTY}").with_traceback(error.__traceback__))

    first, *others = capsys.readouterr().err.rstrip("\n").split("\n")
    assert "a request failed" in first
    assert "Traceback" in others[0]
    assert all(line.startswith("    ") and line.isprintable() for line in others)
    assert any("cart_abcd..." in line for line in others)


def test_a_line_for_machines_has_the_text_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", as_json=True)
    logger().info("a request failed", path=NASTY)

    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert json.loads(written)["path"] == NASTY


@pytest.mark.parametrize("as_json", [True, False], ids=["machines", "people"])
def test_no_whole_key_is_logged(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    configure_logging("info", as_json=as_json, keys=KEYS)
    structlog.contextvars.bind_contextvars(key="cart_abcdefgh1")
    try:
        logger().warning("no cart cart_abcdefgh2", path="/carts/cart_abcdefgh3/quote", url="redis://shop:hush@db:1/0")
    finally:
        structlog.contextvars.clear_contextvars()

    written = capsys.readouterr().err
    assert "efgh" not in written
    assert written.count("cart_abcd...") == 3
    assert "redis://shop:...@db:1/0" in written


def test_letters_of_all_languages_are_printable() -> None:
    assert printable("Müller, 東京, кофе, \U0001f375") == "Müller, 東京, кофе, \U0001f375"
