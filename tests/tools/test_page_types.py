"""The pages' types are those of the API, and their words name the order's events."""

import ast
import re
from pathlib import Path

from actors.order import rules
from tools.page_types import TYPES, text

WORDS = TYPES.parent / "words.js"
NOT_FOR_BUYERS = {"FullyRefunded", "DisputeOpened", "DisputeClosed", "DisputeFundsMoved", "FraudWarned", "DoneByStaff"}


def test_the_types_are_as_make_types_writes_them() -> None:
    assert TYPES.read_text(encoding="utf-8") == text(), "make types"


def test_a_shape_that_no_buyer_meets_is_left_out() -> None:
    assert "PickListView" not in text()


def test_the_page_has_words_for_each_event_that_a_buyer_is_shown() -> None:
    table = re.search(r"const EVENT = {\n(.*?)\n};", WORDS.read_text(encoding="utf-8"), re.DOTALL)
    assert table
    known = set(re.findall(r"^  (\w+): ", table[1], re.MULTILINE))

    assert known == timeline_events() - NOT_FOR_BUYERS


def timeline_events() -> set[str]:
    """All that `note` is called with, and what an order begins with."""
    tree = ast.parse(Path(rules.__file__).read_text(encoding="utf-8"))
    noted = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "note"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    return noted | {"OrderCreated", "OrderSettled"}
