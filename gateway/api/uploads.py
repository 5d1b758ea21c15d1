"""Pictures that go straight into the bucket: announced here, sent there, and completed here."""

import base64
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from bus.messages.base import NAME, Instant
from bus.messages.media import (
    LONGEST_ALT,
    MOST_BYTES,
    BeginUpload,
    CompleteUpload,
    NoSuchUpload,
    TooManyImages,
    TooManyUploads,
    UploadMissing,
)
from engine.patterns import whole
from gateway.api.bodies import Body, Strict, View
from gateway.api.catalog.products import find_product
from gateway.api.media import StaffImage, finished, staff_view, too_many_images
from gateway.context import Injected
from gateway.problems import Problem, not_found

_EXPIRES_S: Final = 600
_SHA256: Final = "[0-9a-f]{64}"


class UploadBody(Body, frozen=True, kw_only=True):
    """A picture that is to be sent: its exact size, and its SHA-256 in hex."""

    product_id: Annotated[str, whole(NAME)]
    size: Annotated[int, msgspec.Meta(ge=1, le=MOST_BYTES)]
    sha256: Annotated[str, whole(_SHA256)]
    alt: Annotated[str, msgspec.Meta(max_length=LONGEST_ALT)] = ""


class UploadView(View, frozen=True, kw_only=True):
    """The request that sends the picture: a PUT of `url` with these `headers`, until `expires_at`."""

    id: str
    url: str
    headers: Mapping[str, str]
    expires_at: Instant


@post(
    "/uploads",
    dto=Strict[UploadBody],
    return_dto=None,
    summary="Announce a picture",
    refuses=["not_found", "no_bucket", "too_many_uploads"],
)
async def begin_upload(context: Injected, data: JSONBody[UploadBody]) -> UploadView:
    """Get an address to which a picture can be sent without the shop in between. Needs a bucket of S3."""
    product = await find_product(context, data.product_id, even_hidden=True)
    checksum = base64.b64encode(bytes.fromhex(data.sha256)).decode()
    # Asked for nothing first: a shop without a bucket shall keep no record of it.
    if await context.objects.direct_upload("incoming/none", data.size, checksum, _EXPIRES_S) is None:
        raise Problem(409, "no_bucket", "This shop keeps its pictures in a folder. Send them to the product itself.")
    begun = await context.bus.ask(BeginUpload(product_id=product.id, size=data.size, alt=data.alt))
    if isinstance(begun, TooManyUploads):
        raise Problem(409, "too_many_uploads", f"At most {begun.most} uploads may be open.")
    upload = await context.objects.direct_upload(begun.key, data.size, checksum, _EXPIRES_S)
    assert upload is not None, "it was there a moment ago"
    return UploadView(id=begun.id, url=upload.url, headers=upload.headers, expires_at=begun.expires_at)


@post(
    "/uploads/{upload_id:str}/complete",
    status_code=200,
    summary="Use a picture that was sent",
    refuses=["not_found", "upload_missing", "too_many_images", "image_refused"],
)
async def complete_upload(context: Injected, upload_id: FromPath[str]) -> StaffImage:
    """Add the picture that was sent to its product, as `POST .../images` does. Safe to repeat for an hour."""
    stored = await context.bus.ask(CompleteUpload(id=upload_id))
    match stored:
        case NoSuchUpload():
            raise not_found("upload")
        case UploadMissing():
            raise Problem(409, "upload_missing", "Nothing was sent yet, or not as many bytes as were announced.")
        case TooManyImages():
            raise too_many_images(stored.most)
        case _:
            return staff_view(context, await finished(context, stored))


STAFF = [begin_upload, complete_upload]
