"""Lists within a cell: marks between their items, a backslash before a mark that belongs to one. Pure."""

import re

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def split(text: str, mark: str) -> list[str]:
    """Split at each mark that has no backslash before it; blank items are left out."""
    items = re.findall(rf"((?:[^\\{mark}]|\\.?)*)(?:[{mark}]|\Z)", text, re.DOTALL)  # Whatever it is, it matches.
    return [item for item in items if item.strip()]


def escape(text: str, marks: str) -> str:
    """Write a text as an item between these marks."""
    return re.sub(rf"([\\{marks}])", r"\\\1", text)


def unescape(item: str) -> str:
    """Return the text of an item."""
    return _ESCAPED.sub(r"\1", item)
