"""Pictures: stored once under a name that never changes, and shown where they are used."""

import hashlib
import secrets
from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from bus.messages.audit import Findings, Repairs
from bus.messages.base import ProductId, Sku, Value
from engine.message import Command, Event, Query, Reply

ImageId: TypeAlias = str  # 32 hex digits of a hash of what was uploaded.
Locale: TypeAlias = str
Focal: TypeAlias = tuple[float, float]  # What matters in a picture: from the left and from the top, 0 to 1.
ImageState: TypeAlias = Literal["waiting", "ready", "refused"]
Refused: TypeAlias = Literal["format", "animated", "too_large", "too_small", "unreadable", "too_hard", "lost"]
Waits: TypeAlias = Literal["no_room", "away"]  # For room on a disk, or for the store of pictures.

IMAGE_ID: Final = "[0-9a-f]{32}"
MOST_IMAGES: Final = 30  # Of one product.
UPLOADS: Final = "incoming/"  # The keys of what was uploaded and not yet looked at.
RENDITIONS: Final = "i/"  # The keys that everybody may read: `i/<id>/<width>.<ending>`.
LONGEST_ALT: Final = 500
MOST_LOCALES: Final = 20  # In which one picture is described.
LOCALE: Final = "[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}"  # Source: RFC 5646, 2.1, as far as shops need it.
MIDDLE: Final = (0.5, 0.5)
MOST_UPLOADS: Final = 200  # Open at once.
MOST_BYTES: Final = 20 << 20  # Of one original.
_NAMED: Final = b"recipe 1"  # Part of all names, and so never changed. Recipes are told apart by their folders.
# The sentence for each reason of a refusal.
REFUSALS: Final[dict[Refused, str]] = {
    "format": "It is no JPEG, PNG, WebP or AVIF. Phones that take HEIC can save as JPEG.",
    "animated": "It moves. Only still pictures are taken.",
    "too_large": "It has more than 50 megapixels, or a side of more than 12,000 pixels.",
    "too_small": "A side has fewer than 16 pixels.",
    "unreadable": "It is damaged: it can't be decoded.",
    "too_hard": "It takes too much time or memory to decode.",
    "lost": "What was uploaded is gone. Upload it again.",
}


def upload_key(now: datetime) -> str:
    """Make a key for an upload. It says when that was, so that what a crash has left can be told from what is new."""
    return f"{UPLOADS}{now:%Y%m%d%H%M%S}-{secrets.token_hex(8)}"


def image_hash() -> "hashlib.blake2b":
    """Begin the hash that names a picture: of the bytes of its original.

    Known before anything is decoded. Rejected: a hash of its pixels, for which strangers' bytes must be decoded before
    there is a name to say so under.
    """
    return hashlib.blake2b(digest_size=16, person=_NAMED)


class Rendition(Value, frozen=True, kw_only=True):
    """A file of a picture."""

    key: str  # Of the object: `i/<id>/<width>.<ending>`, with the recipe before the width if it is not the first.
    format: Literal["avif", "webp", "jpeg"]
    width: int
    height: int


class Image(Reply):
    """A picture where it is used. While it waits, or if it is refused, it has no renditions, and width and height 0."""

    id: ImageId
    product_id: ProductId = ""  # That uses it here; empty where no use is meant.
    alt: str = ""  # In the shop's language.
    alts: dict[Locale, str] = msgspec.field(default_factory=dict)
    focal: Focal = MIDDLE
    skus: tuple[Sku, ...] = ()  # That it shows; none: the product as a whole.
    state: ImageState
    reason: Refused | None = None
    waits_for: Waits | None = None  # While it waits and can't be made now.
    width: int = 0
    height: int = 0
    colour: str = ""  # The mean one, as CSS writes it.
    placeholder: str = ""  # A tiny WebP, as an address that holds it.
    renditions: tuple[Rendition, ...] = ()  # By format and width.


class ProductImages(Reply):
    """The pictures of a product, in their order."""

    product_id: ProductId
    images: tuple[Image, ...]


class NoSuchImage(Reply):
    """The product has no such picture, or the shop has not."""

    id: ImageId


class TooManyImages(Reply):
    """The product has as many pictures as one may have."""

    most: int


class StoreImage(Command[Image | TooManyImages]):
    """Use an uploaded picture for a product, as its last. Safe to send twice.

    It is made fit for the web after the answer: ask `FinishImage` for the result. A picture that the shop has already
    is not made again.
    """

    product_id: ProductId
    id: ImageId
    upload: str  # The key of the uploaded object, which the media actor moves or deletes.
    size: int  # In bytes.
    alt: str = ""


class Look(Value, frozen=True, kw_only=True):
    """A picture's size, and what stands in for it."""

    width: int
    height: int
    colour: str
    placeholder: str


class AdoptImage(Command[Image | TooManyImages]):
    """Use a WebP that is fit for the web as it is, for a product. Only for files of the shop's own. Safe to send twice.

    Nothing is decoded, and nothing is made of it.
    """

    id: ImageId
    product_id: ProductId
    upload: str
    size: int
    alt: str
    look: Look


class FinishImage(Command[Image | NoSuchImage]):
    """Return a picture once it is made, or refused: it waits behind the making."""

    id: ImageId


class ArrangeImages(Command[ProductImages | NoSuchImage]):
    """Set the order of a product's pictures. Those that are not named come behind, as they were."""

    product_id: ProductId
    ids: tuple[ImageId, ...]


class DescribeImage(Command[Image | NoSuchImage]):
    """Set what a product says of one of its pictures; None leaves a field as it is."""

    product_id: ProductId
    id: ImageId
    alt: str | None = None  # The words that stand for it, in the shop's language.
    alts: dict[Locale, str] | None = None  # All that there are, in other languages.
    focal: Focal | None = None
    skus: tuple[Sku, ...] | None = None  # All that it shows.


class CarryPictures(Command[None]):
    """Let pictures of a product that show a SKU show another in its place. Safe to send twice."""

    product_id: ProductId
    sku: Sku
    name: Sku  # The other one.


class ImageUnused(Reply):
    """The product has this picture no longer. Nobody else uses it: in 30 days it is deleted."""

    id: ImageId


class DropImage(Command[ImageUnused | NoSuchImage]):
    """Take a picture from a product."""

    product_id: ProductId
    id: ImageId


class TakenDown(Reply):
    """The picture is used no more, and is being deleted everywhere."""

    id: ImageId


class TakeDownImage(Command[TakenDown | NoSuchImage]):
    """Delete a picture at once, wherever it is used, and from the CDN: for pictures that must not be shown."""

    id: ImageId


class ManyProductImages(Reply):
    """The pictures of products that have any."""

    products: tuple[ProductImages, ...]


class ListImages(Query[ManyProductImages]):
    """Read the pictures of products, those included that wait or are refused."""

    product_ids: tuple[ProductId, ...]


class ImageReady(Event):
    """A picture can be shown: as WebP, and once as JPEG."""

    id: ImageId
    product_ids: tuple[ProductId, ...]  # That use it.


class ImageImproved(Event):
    """A picture has better files: as AVIF, too, or all of them by another recipe, under other addresses."""

    id: ImageId
    product_ids: tuple[ProductId, ...]


class PicturesShown(Event):
    """The pictures that a product shows have changed: one is ready or better, came, went, moved, or has other words."""

    product_id: ProductId
    version: int  # Counts these events of a product. Of two that come in either order, the higher one is right.
    images: tuple[Image, ...]  # Those that can be shown, in their order.


class ImageRefused(Event):
    """A picture can't be shown."""

    id: ImageId
    reason: Refused


class ImageDropped(Event):
    """A picture was deleted: its time without use was over, or it was taken down."""

    id: ImageId


class UploadBegun(Reply):
    """A place for a picture that its sender writes into the bucket."""

    id: str
    key: str  # Of the object.
    expires_at: datetime


class TooManyUploads(Reply):
    """No further upload may be open."""

    most: int


class NoSuchUpload(Reply):
    """No such upload is open, or it is too late."""

    id: str


class UploadMissing(Reply):
    """Nothing was sent under this name, or another number of bytes."""

    id: str


class BeginUpload(Command[UploadBegun | TooManyUploads]):
    """Expect a picture that its sender writes into the bucket, in ten minutes at most."""

    product_id: ProductId
    size: int  # In bytes.
    alt: str = ""


class CompleteUpload(Command[Image | NoSuchUpload | UploadMissing | TooManyImages]):
    """Use what was sent. Safe to send twice, until an hour after its time."""

    id: str


class AuditMedia(Query[Findings]):
    """Compare pictures with their objects, and with their uses."""


class RepairMedia(Command[Repairs]):
    """Delete objects that no picture has; make a picture again whose objects are missing."""

    id: ImageId
