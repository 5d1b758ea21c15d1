"""A product's view as bytes: rendered once, and written out with the stock of each moment."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec

from bus.messages.base import ProductId, Sku
from bus.messages.inventory import StockLevel

_AROUND: Final = 1_500  # Bytes of Python's objects around the bytes of a view, about.


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A product as JSON without its stock. Objects are open: `available` and the closing brace come last."""

    id: ProductId
    slug: str
    revision: int
    shown_from: datetime
    shown_until: datetime
    skus: tuple[Sku, ...]  # On sale, in order.
    item: bytes  # The product as in a list.
    page: bytes  # The product as on its page, without SKUs.
    sku_parts: tuple[bytes, ...]  # Each SKU as on the product's page.

    @property
    def size(self) -> int:
        """The bytes of memory that it takes, about."""
        return _AROUND + len(self.item) + len(self.page) + sum(len(part) + 120 for part in self.sku_parts)

    def is_visible(self, now: datetime) -> bool:
        """Whether buyers see it at this time. A function of the time: so it holds to the second."""
        return self.shown_from <= now < self.shown_until

    def item_with(self, levels: Mapping[Sku, StockLevel]) -> bytes:
        """Write it as in a list."""
        return b'%s,"available":%d}' % (self.item, sum(self._available(levels)))

    def page_with(self, levels: Mapping[Sku, StockLevel]) -> bytes:
        """Write it as on its page."""
        counts = self._available(levels)
        parts = zip(self.sku_parts, counts, strict=True)
        skus = b",".join([b'%s,"available":%d}' % (part, count) for part, count in parts])
        return b'%s,"available":%d,"skus":[%s]}' % (self.page, sum(counts), skus)

    def etag(self, levels: Mapping[Sku, StockLevel]) -> str:
        """Name its page with this stock: by its revision, and by the versions of the levels."""
        versions = ",".join([str(levels[sku].version) if sku in levels else "" for sku in self.skus])
        return f'W/"{self.revision}-{blake2b(versions.encode(), digest_size=8).hexdigest()}"'

    def _available(self, levels: Mapping[Sku, StockLevel]) -> list[int]:
        return [levels[sku].available if sku in levels else 0 for sku in self.skus]
