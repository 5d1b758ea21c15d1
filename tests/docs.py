"""The examples in docs/."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
_NAMED_BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(page: str) -> dict[str, str]:
    """The blocks of a page that have a file's name, by that name."""
    return dict(_NAMED_BLOCK.findall((DOCS / page).read_text(encoding="utf-8")))
