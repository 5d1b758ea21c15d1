"""The shop as its owner names it: on each page, and where search engines read."""

from collections.abc import Sequence

import msgspec

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


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The shop's name and what stands on each of its pages."""

    name: str
    tagline: str
    tax_note: str
    notices: Sequence[Notice]

    def notice(self, slug: str) -> Notice | None:
        """Return the notice that is read at `/pages/SLUG`; None if there is none."""
        return next((each for each in self.notices if each.slug == slug and each.text), None)


def site_of(context: GatewayContext) -> Site:
    """Read it from the settings."""
    pages = context.pages
    notices = [_notice(title, given) for title, given in pages.notices.items() if given]
    return Site(
        name=pages.shopflow_shop_name,
        tagline=pages.shopflow_shop_tagline,
        tax_note=pages.shopflow_tax_note,
        notices=notices,
    )


def _notice(title: str, given: str) -> Notice:
    is_url = is_address(given)
    return Notice(slug=title.lower(), title=title, url=given if is_url else "", text="" if is_url else given)
