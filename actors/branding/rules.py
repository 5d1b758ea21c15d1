"""Decisions about the shop's identity. Pure: no await, no clock, no database."""

import re
from typing import Final

from msgspec import structs

from bus.messages.branding import (
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_TEXT,
    Brand,
    Branding,
    BrandingMoved,
    BrandingRefused,
    SetBranding,
)
from bus.messages.colours import READABLE, contrast, is_colour
from bus.messages.texts import has_harmful, is_harmful

_PAPER: Final = "#f1f4f1"  # Of the shop's pages in the light: links stand on it.
_LINES: Final = {"name": LONGEST_NAME, "tagline": LONGEST_LINE, "lead": LONGEST_LINE, "tax_note": LONGEST_LINE}
_TEXTS: Final = ("imprint", "terms", "returns", "privacy", "contact")
_ADDRESS: Final = re.compile(r"https?://[^\s\"'<>]{1,2000}", re.ASCII)
_CONTROLS: Final = "\n\t"


def set_to(ask: SetBranding, now: Branding) -> Branding | BrandingRefused | BrandingMoved:
    """Return the identity as it will be: with the next revision, or as it is if that is what is asked for."""
    brand = tidied(ask.brand)
    if refused := refusal(brand):
        return refused
    if brand == now.brand:
        return now
    if ask.expected != now.revision:
        return BrandingMoved(revision=now.revision)
    return Branding(revision=now.revision + 1, brand=brand)


def tidied(brand: Brand) -> Brand:
    """Return it without space around its texts, with line ends of one kind, and colours in small letters."""
    texts = {name: text.replace("\r\n", "\n").strip() for name, text in structs.asdict(brand).items()}
    return Brand(**{**texts, "accent": texts["accent"].lower()})


def refusal(brand: Brand) -> BrandingRefused | None:
    """Return what is at fault; None if nothing is."""
    for field, longest in _LINES.items():
        text: str = getattr(brand, field)
        if len(text) > longest or has_harmful(text):
            return BrandingRefused(field=field, why=f"a line of at most {longest} characters")
    for field in _TEXTS:
        if why := _notice_refusal(getattr(brand, field)):
            return BrandingRefused(field=field, why=why)
    if brand.accent and not is_colour(brand.accent):
        return BrandingRefused(field="accent", why="a colour such as #1f5c4a")
    if brand.accent and min(contrast(brand.accent, "#ffffff"), contrast(brand.accent, _PAPER)) < READABLE:
        return BrandingRefused(field="accent", why="too pale: white letters on it could not be read")
    return None


def _notice_refusal(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        return f"at most {LONGEST_TEXT} characters"
    if any(is_harmful(each) and each not in _CONTROLS for each in text):
        return "it has characters that can't be shown"
    if text.startswith(("http://", "https://")) and "\n" not in text and not _ADDRESS.fullmatch(text):
        return "no address of a page"
    return ""
