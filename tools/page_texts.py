"""The texts of the pages, for translators: `make texts` puts them into each gateway/pages/languages/*.po.

They are the texts that templates mark, those that code says in a reader's language, and the tables of words that stand
for codes. What is new comes without a translation, and a test fails until it has one; what is no longer said goes.
"""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from actors.staff.rules import FIXED
from bus.messages import moments, words
from bus.messages.audit import RULES
from bus.messages.branding import Brand
from gateway.address_forms import CITIES, POSTAL_CODES, REGIONS, SECOND_LINE, STREET
from gateway.api.catalog import listing
from gateway.api.customer.bodies import WEAK
from gateway.brand import notices_of
from gateway.pages.admin import PARTS, deeds
from gateway.pages.admin.audit import parted
from gateway.pages.languages import FOLDER
from gateway.pages.storefront.life import STEPS
from gateway.pages.storefront.typed import CARD, MISSING, OTHERWISE, WRONG
from gateway.settings import PageSettings

_PAGES: Final = FOLDER.parent
_OPTIONS: Final = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
_SAYING: Final = frozenset({"say", "say_many"})

Text: TypeAlias = str | tuple[str, str]  # Of one thing; or of one, and of many.


def texts() -> dict[Text, list[str]]:
    """Return all texts, each with the files that say it."""
    found = dict[Text, list[str]]()
    for text, place in (*_of_templates(), *_of_code(), *_of_tables()):
        if text and place not in found.setdefault(text, []):
            found[text].append(place)
    return found


def updated(path: Path) -> bytes:
    """Return a file of translations with the texts of now, in order of where they are said."""
    with path.open("rb") as file:
        known = read_po(file, locale=path.stem, abort_invalid=True)
    made = Catalog(locale=path.stem, header_comment=known.header_comment, fuzzy=False, project="ShopFlow", version="1")
    for text, places in sorted(texts().items(), key=lambda each: (each[1][0], str(each[0]))):
        message = known.get(text if isinstance(text, str) else text[0])
        said = message.string if message else ("" if isinstance(text, str) else ("",) * made.num_plurals)
        if isinstance(said, str) is not isinstance(text, str):
            said = "" if isinstance(text, str) else ("",) * made.num_plurals
        made.add(text, said, locations=[(place, 0) for place in places])
    return written(made)


def written(catalog: Catalog) -> bytes:
    """Write translations as the file has them: without times, so that they change only by what they say."""
    file = BytesIO()
    write_po(file, catalog, width=120, omit_header=False, include_lineno=False, no_location=False)
    head, _, rest = file.getvalue().partition(b"\n\n")
    kept = [line for line in head.splitlines() if b"-Date:" not in line and b"Translator:" not in line]
    return b"\n".join([line for line in kept if b"Team:" not in line and b"Generated-By" not in line]) + b"\n\n" + rest


def _of_templates() -> Iterator[tuple[Text, str]]:
    for path in sorted((_PAGES / "templates").rglob("*.html")):
        with path.open("rb") as file:
            for _line, _function, message, _comments in babel_extract(file, ("gettext", "ngettext", "_"), (), _OPTIONS):
                yield _text(message), str(path.relative_to(_PAGES))


def _text(message: object) -> Text:
    if isinstance(message, str):
        return message
    assert isinstance(message, tuple)
    said = [part for part in message if isinstance(part, str)]
    return (said[0], said[1]) if len(said) > 1 else said[0]


def _of_code() -> Iterator[tuple[Text, str]]:
    for path in sorted(_PAGES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SAYING):
                continue
            said = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if said:
                yield (said[0], said[1]) if node.func.attr == "say_many" else said[0], str(path.relative_to(_PAGES))


def _of_tables() -> Iterator[tuple[Text, str]]:
    """List the words that stand for codes, and what the shop calls its own screens and notices."""
    tables = (words.STATUSES, words.EVENTS, words.CANCELLED, words.PARCELS, words.PROBLEMS, words.MOVEMENTS)
    told = (moments.DISPUTES, moments.OUTCOMES, moments.FRAUDS, moments.FIELDS, moments.PURPOSES)
    acts = (deeds.STEPS, deeds.VERBS)
    forms = (listing.TITLES, WEAK, WRONG, CITIES, REGIONS, POSTAL_CODES)
    yield from ((text, "words") for table in (*tables, *told, *acts, *forms) for text in table.values())
    yield from ((text, "words") for text in (words.DECLINED, *words.DECLINES))
    yield from ((text, "words") for phrases in moments.PHRASES.values() for text in phrases if not _is_bare(text))
    yield from ((screen.title, "menu") for part in PARTS for screen in part.screens)
    yield from ((text, "words") for text in (STREET, SECOND_LINE, MISSING, CARD, OTHERWISE))
    yield from ((title, "words") for title, _ in STEPS)
    yield from ((text, "words") for text in (*deeds.NAMED, *(role.title for role in FIXED.values())))
    yield from ((parted(rule)[1], "words") for code, rule in RULES.items() if code != "more_findings")
    yield from ((title, "notices") for title in notices_of(Brand()))
    yield PageSettings().shopflow_tax_note, "notices"  # Unless a shop has a sentence of its own.


def _is_bare(phrase: str) -> bool:
    """Whether a phrase is gaps and signs alone, which no language says in another way."""
    return not re.search(r"\w", re.sub(r"%\(\w+\)s", "", phrase))


if __name__ == "__main__":
    for each in sorted(FOLDER.glob("*.po")):
        each.write_bytes(updated(each))
