"""Patterns: texts that must match as a whole, and beginnings that SQL looks for."""

import msgspec


def whole(pattern: str) -> msgspec.Meta:
    """Bound a text to a pattern, for msgspec and for JSON Schema.

    `^...$` alone would take a text with a line break behind it: msgspec searches as Python's `re` does.
    """
    return msgspec.Meta(pattern=rf"^(?:{pattern})$(?!\n)")


def like_begin(text: str) -> str:
    """Write a pattern for SQL's `like` that lower-case texts with this beginning match; case does not count."""
    return text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
