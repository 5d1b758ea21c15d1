"""Views: products as buyers see them, as the catalog writes them down for whoever shows them."""

from datetime import datetime
from typing import Final

import msgspec

from bus.messages.audit import Findings, Repairs
from bus.messages.base import ProductId, Value
from bus.messages.catalog import Product
from bus.messages.media import Image
from bus.messages.parts import Bundle
from bus.messages.translations import Locale, ProductTexts
from engine.message import Command, Query, Reply

MOST_VIEWS: Final = 500  # Read at once.
MOST_CHANGES: Final = 1_000  # Told at once.


class ViewRevision(Value, frozen=True, kw_only=True):
    """The revision of a product's view: the last change of what it shows, pictures and translations included."""

    product_id: ProductId
    revision: int  # As in `ProductChanged`.


class ProductView(Value, frozen=True, kw_only=True):
    """A product with its pictures, bundles and translations, whether buyers may see it now or not."""

    revision: int  # Of the view: higher than the product's own if the rest changed since.
    product: Product
    images: tuple[Image, ...]  # Those that can be shown, in their order.
    bundles: tuple[Bundle, ...]  # Those among its SKUs.
    translations: dict[Locale, ProductTexts] = msgspec.field(default_factory=dict)  # All of them.


class ProductViews(Reply):
    """The views of products, in any order."""

    views: tuple[ProductView, ...]


class ReadViews(Query[ProductViews]):
    """Read views, MOST_VIEWS at most, those that buyers don't see among them. Removed products are missing."""

    names: tuple[str, ...]  # Ids or slugs, in any language.


class ViewChanges(Reply):
    """Views that changed after a revision, the earliest first, and the revision up to which these are all.

    That revision is lower than the one that was asked for if the database was restored.
    """

    revision: int
    changes: tuple[ViewRevision, ...]  # A product that was removed has the revision of its removal.
    is_more: bool


class ReadViewChanges(Query[ViewChanges]):
    """Read which views changed after a revision, MOST_CHANGES at most, and which of some are others now."""

    after: int | None  # None: only which revision is the last.
    known: tuple[ViewRevision, ...] = ()  # MOST_CHANGES at most. Of a product that is not there any more 0 is told.


class ForgetViews(Command[None]):
    """Forget older views of these products wherever they are kept, and tell all who show them."""

    views: tuple[ViewRevision, ...]  # MOST_CHANGES at most.
    changed_at: datetime


class AuditViews(Query[Findings]):
    """Compare views with the products and the parts of bundles that they show."""


class RepairViews(Command[Repairs]):
    """Write views anew that are not as they should be, with later revisions: so all who keep them read them again."""

    product_ids: tuple[ProductId, ...]  # MOST_VIEWS at most.
