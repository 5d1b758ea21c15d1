"""Patterns that a text must match as a whole."""

import msgspec


def whole(pattern: str) -> msgspec.Meta:
    """Bound a text to a pattern, for msgspec and for JSON Schema.

    `^...$` alone would take a text with a line break behind it: msgspec searches as Python's `re` does.
    """
    return msgspec.Meta(pattern=rf"^(?:{pattern})$(?!\n)")
