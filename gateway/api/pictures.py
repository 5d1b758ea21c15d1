"""Pictures as browsers read them: addresses by width and format, and what stands in until they are there."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from bus.messages.base import ProductId, Sku
from bus.messages.media import Image, ImageId, ListImages, Rendition
from gateway.api.bodies import View
from gateway.context import GatewayContext

_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpeg": "image/jpeg"}  # The best first.


class ImageSource(View, frozen=True, kw_only=True):
    """The files of one format, as `srcset` of HTML's `source`."""

    type: str
    srcset: str


class ImageView(View, frozen=True, kw_only=True):
    """A picture. `src` is for readers who choose no source: a JPEG, if there is one. `placeholder` holds a tiny one.

    `alt` is in the shop's language, `alts` in others, by locale. `focal` is what stays in sight where it is cropped:
    from the left and from the top, 0 to 1.
    """

    id: str
    alt: str
    alts: Mapping[str, str]
    focal: Sequence[float]
    width: int
    height: int
    placeholder: str
    colour: str
    sources: Sequence[ImageSource]
    src: str


def image_view(media_url: str, image: Image) -> ImageView:
    """Show a picture, ready or not: one that is not has no source, and an empty `src`.

    Args:
        media_url: Before the keys of pictures, without a slash behind it.
        image: The picture.
    """
    return ImageView(
        id=image.id,
        alt=image.alt,
        alts=image.alts,
        focal=image.focal,
        width=image.width,
        height=image.height,
        placeholder=image.placeholder,
        colour=image.colour,
        sources=list(_sources(media_url, image.renditions)),
        src=next((_address(media_url, each) for each in _plainest_first(image.renditions)), ""),
    )


async def pictures_of(
    context: GatewayContext, product_ids: Collection[ProductId]
) -> dict[ProductId, Sequence[ImageView]]:
    """Read the pictures of products that can be shown, in their order."""
    found = await images_of(context, product_ids)
    return {product: [image_view(context.media_url, image) for image in images] for product, images in found.items()}


async def images_of(context: GatewayContext, product_ids: Collection[ProductId]) -> dict[ProductId, Sequence[Image]]:
    """Read the pictures of products that can be shown, in their order, with the SKUs that each shows."""
    if not product_ids:
        return {}
    found = await context.bus.ask(ListImages(product_ids=tuple(product_ids)))
    return {each.product_id: [image for image in each.images if image.state == "ready"] for each in found.products}


def by_sku(images: Sequence[Image]) -> Mapping[Sku, Sequence[ImageId]]:
    """Return the pictures that show a SKU, for each that has some of its own."""
    shown: dict[Sku, list[ImageId]] = {}
    for image in images:
        for sku in image.skus:
            shown.setdefault(sku, []).append(image.id)
    return shown


def _sources(media_url: str, renditions: Sequence[Rendition]) -> Iterator[ImageSource]:
    for kind, media_type in _TYPES.items():
        files = [each for each in renditions if each.format == kind]
        if files and kind != "jpeg":
            srcset = ", ".join(f"{_address(media_url, each)} {each.width}w" for each in files)
            yield ImageSource(type=media_type, srcset=srcset)


def _plainest_first(renditions: Sequence[Rendition]) -> Sequence[Rendition]:
    """Sort renditions by how many readers know their format; of one format, the widest first."""
    return sorted(renditions, key=lambda each: (-list(_TYPES).index(each.format), -each.width))


def _address(media_url: str, rendition: Rendition) -> str:
    return f"{media_url}/{rendition.key}"
