"""The shop as its owner names it: on each page, and where search engines read."""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from bus.messages.media import Image
from gateway.brand import notices_of
from gateway.context import GatewayContext
from gateway.settings import is_address


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice of the shop about itself: at an address of its own, or as a text on a page here."""

    slug: str
    title: str
    url: str
    text: str

    @property
    def address(self) -> str:
        """Where it is read."""
        return self.url or f"/pages/{self.slug}"


class ShopIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The shop's name and what stands on each of its pages.

    `lead` stands below the tagline; `logo` is the address of a small picture, "" without one; `theme` is that of a
    stylesheet, "" where the house's colours are right.
    """

    name: str
    tagline: str
    lead: str
    tax_note: str
    notices: Sequence[Notice]
    logo: str
    theme: str

    def notice(self, slug: str) -> Notice | None:
        """Return the notice that is read at `/pages/SLUG`; None if there is none."""
        return next((each for each in self.notices if each.slug == slug and each.text), None)


def site_of(context: GatewayContext) -> ShopIdentity:
    """Return it as it was known last: `context.brand.read()` is what asks."""
    shown = context.brand.last
    brand = shown.brand
    notices = [_notice(title, given) for title, given in notices_of(brand).items() if given]
    return ShopIdentity(
        name=brand.name,
        tagline=brand.tagline,
        lead=brand.lead,
        tax_note=brand.tax_note,
        notices=notices,
        logo=_small(context.media_url, shown.logo) if shown.logo else "",
        theme=f"/theme.css?accent={quote(brand.accent)}" if brand.accent else "",
    )


def _notice(title: str, given: str) -> Notice:
    is_url = is_address(given)
    return Notice(slug=title.lower(), title=title, url=given if is_url else "", text="" if is_url else given)


def _small(media_url: str, logo: Image) -> str:
    """Return the address of the smallest file that keeps what is see-through, as JPEG does not."""
    files = [each for each in logo.renditions if each.format == "webp"] or logo.renditions
    return f"{media_url}/{min(files, key=lambda each: each.width).key}" if files else ""
