"""Pictures: sent by staff, read by everybody."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Final, NamedTuple

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.datastructures import UploadFile
from litestar.params import FromPath, JSONBody

from bus.messages.base import NAME
from bus.messages.catalog import MOST_SKUS
from bus.messages.media import (
    IMAGE_ID,
    LONGEST_ALT,
    MOST_BYTES,
    MOST_IMAGES,
    MOST_LOCALES,
    REFUSALS,
    RENDITIONS,
    ArrangeImages,
    DescribeImage,
    DropImage,
    FinishImage,
    Image,
    ListImages,
    NoSuchImage,
    ProductImages,
    Refused,
    StoreImage,
    TakeDownImage,
    TooManyImages,
    image_hash,
    upload_key,
)
from bus.messages.texts import is_harmful
from engine.errors import Unavailable
from engine.files import disk_errors
from engine.patterns import whole
from gateway.api.bodies import Body, Strict
from gateway.api.catalog.products import find_product
from gateway.api.lists import WholeListView
from gateway.api.pictures import ImageView, image_view
from gateway.context import GatewayContext, Http, Injected
from gateway.problems import Problem, not_found

_PIECE: Final = 1 << 18  # Bytes of a file in memory.
AROUND: Final = 1 << 16  # Bytes of a form beside its file.
_MOST_SERVED: Final = 16 << 20  # Bytes of one rendition.
_KEY: Final = re.compile(rf"{RENDITIONS}{IMAGE_ID}/([0-9]{{1,4}}/)?[0-9]{{1,5}}\.(webp|avif|jpg)", re.ASCII)
_TYPES: Final = {"webp": "image/webp", "avif": "image/avif", "jpg": "image/jpeg"}
# A picture that changes has another name, so nobody needs to ask again; and others' pages may show it.
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
FORM: Final = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "alt": {"type": "string", "maxLength": LONGEST_ALT},
    },
}

ImageName = Annotated[str, whole(IMAGE_ID)]
Alt = Annotated[str, msgspec.Meta(max_length=LONGEST_ALT)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class StaffImage(ImageView, frozen=True, kw_only=True):
    """A picture with its state: `waiting`, `ready`, or `refused` with the reason; `skus` are those it shows.

    One that waits has a reason, too, while it can't be made: `no_room` on a disk, or the store of pictures is `away`.
    """

    skus: Sequence[str]
    state: str
    reason: str | None


class StaffImages(WholeListView[StaffImage], frozen=True, kw_only=True):
    """The pictures of a product, in their order."""


class ImageOrder(Body, frozen=True, kw_only=True):
    """The order of a product's pictures. Those that are not named come behind."""

    ids: Annotated[list[ImageName], msgspec.Meta(max_length=MOST_IMAGES)]


class ImageChange(Body, frozen=True, kw_only=True):
    """Words, focal point and SKUs of a picture. What is left out stays as it is; a list or map is replaced as a whole.

    `focal` is what stays in sight where it is cropped: from the left and from the top, 0 to 1.
    """

    alt: Alt | None = None
    alts: Annotated[dict[str, Alt], msgspec.Meta(max_length=MOST_LOCALES)] | None = None  # By locale: de, pt-BR.
    focal: Annotated[list[Share], msgspec.Meta(min_length=2, max_length=2)] | None = None
    skus: Annotated[list[Annotated[str, whole(NAME)]], msgspec.Meta(max_length=MOST_SKUS)] | None = None


class _Upload(NamedTuple):
    """An uploaded file on this machine's disk, and its name by content."""

    file: Path
    id: str
    size: int


@get("/media/i/{name:path}", include_in_schema=False)
async def picture(context: Injected, name: FromPath[Path]) -> Response[bytes]:
    """Serve a file of a picture, for ever the same."""
    key = f"{RENDITIONS}{str(name).removeprefix('/')}"
    content = await context.objects.read(key, _MOST_SERVED) if _KEY.fullmatch(key) else None
    if content is None:
        raise not_found("picture")
    return Response(content, media_type=_TYPES[key.rpartition(".")[2]], headers=_HEADERS)


@get("/products/{product_id:str}/images", summary="List a product's pictures", refuses=["not_found"])
async def list_images(context: Injected, product_id: FromPath[str]) -> StaffImages:
    """List the pictures of a product, those included that wait or are refused."""
    return await _list(context, (await find_product(context, product_id, even_hidden=True)).id)


@post(
    "/products/{product_id:str}/images",
    request_max_body_size=MOST_BYTES + AROUND,
    summary="Add a picture to a product",
    form=FORM,
    refuses=["not_found", "too_many_images", "image_refused", "body_too_large"],
)
async def add_image(context: Injected, product_id: FromPath[str], request: Http) -> StaffImage:
    """Send a picture as `file` of a form: JPEG, PNG, WebP or AVIF of up to 20 MB, 50 megapixels, 12,000 a side.

    The answer comes when it can be shown, or is refused; while the shop is busy, earlier, with `state` waiting. Sent
    again, the same picture changes nothing.
    """
    product = await find_product(context, product_id, even_hidden=True)
    async with received(request) as (upload, alt):
        key = upload_key(context.clock.now())
        await context.objects.put(key, upload.file, "application/octet-stream")
        ask = StoreImage(product_id=product.id, id=upload.id, upload=key, size=upload.size, alt=alt)
        stored = await context.bus.ask(ask)
    if isinstance(stored, TooManyImages):
        await context.objects.remove([key])
        raise too_many_images(stored.most)
    return staff_view(context, await finished(context, stored))


@put(
    "/products/{product_id:str}/images",
    dto=Strict[ImageOrder],
    return_dto=None,
    summary="Arrange a product's pictures",
    refuses=["not_found"],
)
async def arrange_images(context: Injected, product_id: FromPath[str], data: JSONBody[ImageOrder]) -> StaffImages:
    """Set the order of a product's pictures; the first one stands for the product in lists."""
    product = await find_product(context, product_id, even_hidden=True)
    answer = await context.bus.ask(ArrangeImages(product_id=product.id, ids=tuple(data.ids)))
    if isinstance(answer, NoSuchImage):
        raise not_found("picture")
    return _views(context, answer)


@patch(
    "/products/{product_id:str}/images/{image_id:str}",
    dto=Strict[ImageChange],
    return_dto=None,
    summary="Describe a picture",
    refuses=["not_found", "unknown_sku"],
)
async def describe_image(
    context: Injected, product_id: FromPath[str], image_id: FromPath[str], data: JSONBody[ImageChange]
) -> StaffImage:
    """Set the words that stand for a picture, in any language, its focal point, and the SKUs that it shows."""
    product = await find_product(context, product_id, even_hidden=True)
    if strange := set(data.skus or ()) - {sku.sku for sku in product.skus}:
        raise Problem(404, "unknown_sku", f"This product has no {min(strange)}.", field="skus")
    ask = DescribeImage(
        product_id=product.id,
        id=image_id,
        alt=data.alt,
        alts=data.alts,
        focal=None if data.focal is None else (data.focal[0], data.focal[1]),
        skus=None if data.skus is None else tuple(data.skus),
    )
    answer = await context.bus.ask(ask)
    if isinstance(answer, NoSuchImage):
        raise not_found("picture")
    return staff_view(context, answer)


@delete(
    "/products/{product_id:str}/images/{image_id:str}", summary="Take a picture from a product", refuses=["not_found"]
)
async def drop_image(context: Injected, product_id: FromPath[str], image_id: FromPath[str]) -> None:
    """Take a picture from a product. It is deleted in 30 days, unless it is used again, or elsewhere."""
    product = await find_product(context, product_id, even_hidden=True)
    if isinstance(await context.bus.ask(DropImage(product_id=product.id, id=image_id)), NoSuchImage):
        raise not_found("picture")


@delete("/images/{image_id:str}", summary="Take a picture down", refuses=["not_found"])
async def take_down(context: Injected, image_id: FromPath[str]) -> None:
    """Delete a picture at once, wherever it is used, and from the CDN. Browsers may keep what they have."""
    if isinstance(await context.bus.ask(TakeDownImage(id=image_id)), NoSuchImage):
        raise not_found("picture")


@asynccontextmanager
async def received(request: Http) -> AsyncIterator[tuple[_Upload, str]]:
    """Receive a form with a picture. The parser keeps files on the disk, and so do we: never a whole one in memory."""
    with disk_errors("the disk"):  # Where forms are kept until they are whole.
        form = await request.form()
    try:
        file, alt = form.get("file"), form.get("alt", "")
        if not isinstance(file, UploadFile):
            raise Problem(422, "invalid", "Send a form (multipart/form-data) with the picture as file.", field="file")
        if not isinstance(alt, str) or len(alt) > LONGEST_ALT or any(map(is_harmful, alt)):
            raise Problem(422, "invalid", f"Words of up to {LONGEST_ALT} characters, on one line.", field="alt")
        with NamedTemporaryFile(prefix="shopflow-upload-") as copy:
            named, size = image_hash(), 0
            with disk_errors("the disk"):
                while piece := await file.read(_PIECE):
                    named.update(piece)
                    size += len(piece)
                    copy.write(piece)
                copy.flush()
            if not 0 < size <= MOST_BYTES:
                raise Problem(422, "invalid", f"A file of 1 to {MOST_BYTES} bytes.", field="file")
            yield _Upload(Path(copy.name), named.hexdigest(), size), alt
    finally:
        await form.close()


async def finished(context: GatewayContext, stored: Image) -> Image:
    """Wait until a picture is made; one that is refused is no picture of the product.

    Raises:
        Problem: It is refused.
    """
    made: Image | NoSuchImage = stored
    if stored.state != "ready":
        try:
            made = await context.bus.ask(FinishImage(id=stored.id))
        except Unavailable:  # Busy, or slow: it goes on by itself.
            return stored
    if isinstance(made, NoSuchImage):  # Taken down in this moment.
        raise not_found("picture")
    if made.reason is not None:
        await context.bus.ask(DropImage(product_id=stored.product_id, id=made.id))
        raise _refused(made.reason)
    return msgspec.structs.replace(made, alt=stored.alt, alts=stored.alts, focal=stored.focal, skus=stored.skus)


def too_many_images(most: int) -> Problem:
    """Refuse a picture of a product that has enough."""
    return Problem(409, "too_many_images", f"A product has at most {most} pictures.")


def _refused(reason: Refused) -> Problem:
    return Problem(422, "image_refused", REFUSALS[reason], field="file", reason=reason)


async def _list(context: GatewayContext, product_id: str) -> StaffImages:
    found = (await context.bus.ask(ListImages(product_ids=(product_id,)))).products
    return _views(context, found[0]) if found else StaffImages(items=[])


def _views(context: GatewayContext, product: ProductImages) -> StaffImages:
    items: Sequence[StaffImage] = [staff_view(context, image) for image in product.images]
    return StaffImages(items=items)


def staff_view(context: GatewayContext, image: Image) -> StaffImage:
    """Show a picture to staff, with its state."""
    shown = msgspec.structs.asdict(image_view(context.media_url, image))
    return StaffImage(**shown, skus=image.skus, state=image.state, reason=image.reason or image.waits_for)


PUBLIC = [picture]
STAFF = [list_images, add_image, arrange_images, describe_image, drop_image, take_down]
