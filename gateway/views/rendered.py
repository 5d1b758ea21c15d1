"""A product's view as bytes: rendered once, and written out with the stock of each moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec

from bus.messages.base import ProductId, Sku
from bus.messages.inventory import StockLevel
from bus.messages.parts import Bundle
from bus.messages.translations import Locale
from gateway.bundles import with_bundles

_AROUND: Final = 1_500  # Bytes of Python's objects around the bytes of a view, about.


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A product in one language as JSON without its stock. `available` and the closing brace come last: it is open.

    The one in the shop's language has the others.
    """

    id: ProductId
    slug: str
    revision: int
    shown_from: datetime
    shown_until: datetime
    skus: tuple[Sku, ...]  # On sale, in order.
    counted: tuple[Sku, ...]  # Those whose levels are shown: of bundles, their parts instead.
    bundles: Mapping[Sku, Bundle]  # Those among its SKUs.
    item: bytes  # The product as in a list.
    page: bytes  # The product as on its page, without SKUs.
    sku_parts: tuple[bytes, ...]  # Each SKU as on the product's page.
    locale: Locale = ""  # "": the shop's language.
    translations: Mapping[Locale, "Rendered"] = msgspec.field(default_factory=dict[Locale, "Rendered"])

    @property
    def size(self) -> int:
        """The bytes of memory that it takes in all languages, about."""
        own = _AROUND + len(self.item) + len(self.page) + sum(len(part) + 120 for part in self.sku_parts)
        return own + sum(each.size for each in self.translations.values())

    def is_called(self, name: str) -> bool:
        """Whether this is its id, or its slug in some language."""
        return name in (self.id, self.slug) or any(name == each.slug for each in self.translations.values())

    def in_language(self, wanted: Sequence[Locale]) -> "Rendered":
        """Return it in the first of these languages that it has; else in the shop's."""
        return next((self.translations[each] for each in wanted if each in self.translations), self)

    def is_visible(self, now: datetime) -> bool:
        """Whether buyers see it at this time. A function of the time: so it holds to the second."""
        return self.shown_from <= now < self.shown_until

    def item_with(self, levels: Mapping[Sku, StockLevel]) -> bytes:
        """Write it as in a list.

        Args:
            levels: Those of `counted`; a SKU without books is missing.
        """
        return b'%s,"available":%d}' % (self.item, sum(self._available(levels)))

    def page_with(self, levels: Mapping[Sku, StockLevel]) -> bytes:
        """Write it as on its page."""
        counts = self._available(levels)
        parts = zip(self.sku_parts, counts, strict=True)
        skus = b",".join([b'%s,"available":%d}' % (part, count) for part, count in parts])
        return b'%s,"available":%d,"skus":[%s]}' % (self.page, sum(counts), skus)

    def etag(self, levels: Mapping[Sku, StockLevel]) -> str:
        """Name its page with this stock: by its revision and language, and by the versions of the levels."""
        shown = self._shown(levels)
        versions = self.locale + ",".join([str(shown[sku].version) if sku in shown else "" for sku in self.skus])
        return f'W/"{self.revision}-{blake2b(versions.encode(), digest_size=8).hexdigest()}"'

    def _available(self, levels: Mapping[Sku, StockLevel]) -> list[int]:
        shown = self._shown(levels)
        return [shown[sku].available if sku in shown else 0 for sku in self.skus]

    def _shown(self, levels: Mapping[Sku, StockLevel]) -> Mapping[Sku, StockLevel]:
        return with_bundles(self.skus, self.bundles, levels) if self.bundles else levels
