"""The shop's identity: its name, looks and notices, as its owner sets them. All of it is one thing with a revision."""

from datetime import datetime
from typing import Final

from bus.messages.base import Value
from engine.message import Command, Query, Reply

LOGO_OF: Final = "branding/logo"  # Stands where a picture's product does: no product can have such an id.
MOST_KEPT: Final = 100  # Revisions.
LONGEST_NAME: Final = 60
LONGEST_LINE: Final = 200
LONGEST_TEXT: Final = 50_000  # Of a notice: terms of sale have about 20,000 letters.


class Brand(Value, frozen=True, kw_only=True):
    """Texts and colour as an owner has set them. What is empty is as the settings say.

    A notice is a text, whose paragraphs have an empty line between them, or the address of a page (https://...).
    """

    name: str = ""
    tagline: str = ""
    lead: str = ""  # Below the tagline on the home page.
    accent: str = ""  # `#rrggbb`, dark enough for white letters on it.
    tax_note: str = ""
    imprint: str = ""
    terms: str = ""
    returns: str = ""
    privacy: str = ""
    contact: str = ""


class Branding(Reply):
    """The shop's identity, and the number of its last change: 0 if there was none."""

    revision: int
    brand: Brand


class BrandingRefused(Reply):
    """A field is not as it may be."""

    field: str
    why: str


class BrandingMoved(Reply):
    """Another change came first: this is its revision."""

    revision: int


class NoSuchRevision(Reply):
    """No revision that is kept has this number."""

    revision: int


class BrandingRevision(Value, frozen=True, kw_only=True):
    """The identity as a person or program has set it."""

    revision: int
    at: datetime
    by: str
    brand: Brand


class BrandingHistory(Reply):
    """Revisions, the last first; 100 at most."""

    revisions: tuple[BrandingRevision, ...]


class GetBranding(Query[Branding]):
    """Read the shop's identity."""


class ReadBrandingHistory(Query[BrandingHistory]):
    """Read how the shop's identity was before."""


class SetBranding(Command[Branding | BrandingRefused | BrandingMoved]):
    """Set all of the shop's identity, if nobody has changed it since. Safe to send twice."""

    expected: int  # The revision that its editor has seen.
    brand: Brand
    by: str


class RestoreBranding(Command[Branding | NoSuchRevision]):
    """Set the shop's identity back to what it was at a revision; 0 is that of the settings. Safe to send twice."""

    revision: int
    by: str
