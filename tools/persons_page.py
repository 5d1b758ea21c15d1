"""docs/personal-data.md, written from what each domain declares of persons. `make docs` writes it."""

from pathlib import Path
from typing import Final

from engine.persons import Fate
from wiring.persons import DECLARED

PAGE: Final = Path(__file__).parent.parent / "docs" / "personal-data.md"
_FATES: Final[dict[Fate, str]] = {
    "forgotten": "forgotten",
    "kept": "kept for a law",
    "counted": "stays, without the person",
    "short": "gone within two days",
    "nobody": "of nobody",
}
_HEAD: Final = """# Personal data, table by table

Written by `make docs` from each part's own `person.py`; a test compares these with the tables. What "forgotten" means,
and when it happens, is in [rights-of-persons.md](rights-of-persons.md). "Sealed" names the purpose of the person's key.

| table | columns | sealed | what it is | when its person is forgotten |
| --- | --- | --- | --- | --- |
"""
_FOOT: Final = """
Beside the database: carts in Redis, 30 days from their last change, without their owner; sessions in Redis, 24 hours,
void at once when the account ends; the list of the forgotten, as keyed hashes. Mails are not kept, nor are the bodies
of requests. Logs have ids.
"""


def text() -> str:
    """Write the page."""
    rows = [
        f"| `{kept.table}` | {', '.join(f'`{column}`' for column in kept.columns)} | {kept.purpose or ''} "
        f"| {kept.why} | {_FATES[kept.fate]} |"
        for some in DECLARED.values()
        for kept in some
    ]
    return _HEAD + "\n".join(rows) + "\n" + _FOOT


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
