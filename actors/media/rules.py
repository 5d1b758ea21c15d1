"""Decisions about pictures. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bus.messages.audit import CheckId, Finding, Remedy
from bus.messages.base import NAME
from bus.messages.catalog import MOST_SKUS
from bus.messages.media import (
    LOCALE,
    LONGEST_ALT,
    MIDDLE,
    MOST_LOCALES,
    RENDITIONS,
    UPLOADS,
    DescribeImage,
    ImageId,
)
from bus.messages.texts import is_harmful

UNUSED_FOR: Final = timedelta(days=30)  # So that a mistake can be undone, and mails of yesterday show their pictures.
UPLOAD_LASTS: Final = timedelta(minutes=10)
UPLOAD_KEPT: Final = timedelta(hours=1)  # After its time: so that a completion can be repeated.
LEFT_AFTER: Final = timedelta(days=1)
MOST_REMADE: Final = 4  # Pictures that are told at once to be made again.
ORIGINALS: Final = "originals/"
OWNER: Final = f"{ORIGINALS}.shop"  # The mark of the shop whose bucket it is. Under a prefix it may write already.


class BookedImage(NamedTuple):
    """A picture in the books, as the audit compares it: the keys of its objects, and whether it can be shown."""

    id: ImageId
    is_ready: bool
    keys: frozenset[str]
    uses: int
    unused_since: datetime | None


def alt_refusal(alt: str) -> str:
    """The reason to refuse the words for a picture, in a sentence; empty if they are fine."""
    return "alt: no control characters" if any(map(is_harmful, alt)) else ""


def description_refusal(ask: DescribeImage) -> str:
    """The reason to refuse what a product says of a picture, in a sentence; empty if it is fine."""
    words = [ask.alt or "", *(ask.alts or {}).values()]
    if any(len(alt) > LONGEST_ALT for alt in words):
        return f"alt: at most {LONGEST_ALT} characters"
    if refused := next(filter(None, map(alt_refusal, words)), ""):
        return refused
    if len(ask.alts or {}) > MOST_LOCALES or not all(re.fullmatch(LOCALE, each) for each in ask.alts or {}):
        return f"alts: at most {MOST_LOCALES}, by locales such as de or pt-BR"
    if not all(0 <= share <= 1 for share in ask.focal or MIDDLE):
        return "focal: from the left and from the top, 0 to 1"
    if len(ask.skus or ()) > MOST_SKUS or not all(re.fullmatch(NAME, sku) for sku in ask.skus or ()):
        return f"skus: at most {MOST_SKUS} names of SKUs"
    return ""


def arranged(present: Sequence[ImageId], wanted: Sequence[ImageId]) -> list[ImageId] | ImageId:
    """Return the new order: those that are wanted first, then the others as they were; or the one that is missing."""
    missing = next((image for image in wanted if image not in present), None)
    if missing is not None:
        return missing
    first = list(dict.fromkeys(wanted))
    return [*first, *(image for image in present if image not in first)]


def is_forgotten(unused_since: datetime | None, now: datetime) -> bool:
    """Whether a picture's time without use is over."""
    return unused_since is not None and now >= unused_since + UNUSED_FOR


def is_left_behind(key: str, now: datetime) -> bool:
    """Whether an upload is so old that nobody can be waiting for it: a crash has left it."""
    oldest = now - LEFT_AFTER
    return key.removeprefix(UPLOADS)[:14].isdecimal() and key < f"{UPLOADS}{oldest:%Y%m%d%H%M%S}"


def original_of(image: ImageId) -> str:
    """Return the key of a picture's original, which nobody outside may read."""
    return ORIGINALS + image


def folder_of(image: ImageId, recipe: int) -> str:
    """Return the prefix of a picture's files: a recipe never writes where another one has, except for the first."""
    return f"{RENDITIONS}{image}/" if recipe == 1 else f"{RENDITIONS}{image}/{recipe}/"


def id_of(key: str) -> ImageId:
    """Return the picture that an object belongs to."""
    return key.removeprefix(ORIGINALS).removeprefix(RENDITIONS).partition("/")[0]


def findings(kept: Mapping[ImageId, BookedImage], objects: Collection[str]) -> Iterator[Finding]:
    """Compare pictures in the books with the objects that are there."""
    present: dict[ImageId, set[str]] = {}
    for key in objects:
        if key == OWNER:
            continue
        present.setdefault(id_of(key), set()).add(key)
    for image in sorted(present.keys() - kept.keys()):
        yield _finding("object_has_image", image, f"{len(present[image])} objects, and no picture has them")
    for image, known in sorted(kept.items()):
        if missing := known.keys - present.get(image, set()):
            yield _finding("image_has_objects", image, f"{min(missing)} is missing")
        if known.is_ready and not any(key.startswith(RENDITIONS) for key in known.keys):
            yield _finding("image_has_objects", image, "it is said to be ready, and has no rendition")
        if (known.uses == 0) != (known.unused_since is not None):
            yield _finding("use_is_known", image, f"{known.uses} uses, and without use since {known.unused_since}")


def _finding(check: CheckId, image: ImageId, detail: str) -> Finding:
    return Finding(check=check, about=image, detail=detail, remedy=Remedy(action="repair", target=image))
