"""The shop's identity: name, looks and notices. Read by everybody, set by staff."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import structs

from bus.messages.base import Instant
from bus.messages.branding import (
    LOGO_OF,
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_TEXT,
    Brand,
    Branding,
    BrandingMoved,
    NoSuchRevision,
    ReadBrandingHistory,
    RestoreBranding,
    SetBranding,
)
from bus.messages.media import MOST_BYTES, DropImage, ListImages, StoreImage, TooManyImages, upload_key
from gateway.access import Member
from gateway.api.bodies import Body, Strict, View
from gateway.api.lists import WholeListView
from gateway.api.media import AROUND, FORM, finished, received, too_many_images
from gateway.api.pictures import ImageView, image_view
from gateway.brand import ShownBrand
from gateway.context import GatewayContext, Http, Injected
from gateway.preconditions import IfMatch, etag, required_revision
from gateway.problems import Problem, not_found

Line = Annotated[str, msgspec.Meta(max_length=LONGEST_LINE)]
NoticeText = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]


class BrandBody(Body, frozen=True, kw_only=True):
    """All of the shop's identity. What is empty is as the settings say; a notice is a text, or an address."""

    name: Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)] = ""
    tagline: Line = ""
    lead: Line = ""
    accent: Annotated[str, msgspec.Meta(max_length=20)] = ""
    tax_note: Line = ""
    imprint: NoticeText = ""
    terms: NoticeText = ""
    returns: NoticeText = ""
    privacy: NoticeText = ""
    contact: NoticeText = ""


class BrandView(View, frozen=True, kw_only=True):
    """The shop's identity in words. `accent` is `#rrggbb`, or empty for the house's own."""

    name: str
    tagline: str
    lead: str
    accent: str
    tax_note: str
    imprint: str
    terms: str
    returns: str
    privacy: str
    contact: str


class BrandingView(View, frozen=True, kw_only=True):
    """The shop's identity: `own` is what was set here, `shown` has the settings where that is empty."""

    revision: int
    own: BrandView
    shown: BrandView
    logo: ImageView | None


class BrandRevisionView(View, frozen=True, kw_only=True):
    """The identity as somebody has set it."""

    revision: int
    at: Instant
    by: str
    own: BrandView


class BrandHistoryView(WholeListView[BrandRevisionView], frozen=True, kw_only=True):
    """Revisions, the last first; 100 at most."""


@get("/branding", summary="Read the shop's identity")
async def get_branding(context: Injected) -> Response[BrandingView]:
    """Read the shop's name, looks and notices. Its `ETag` goes into the `If-Match` of a change."""
    return _answer(context, await context.brand.read_anew())


@put(
    "/branding",
    dto=Strict[BrandBody],
    return_dto=None,
    summary="Set the shop's identity",
    refuses=["changed_meanwhile", "precondition_required"],
)
async def set_branding(
    context: Injected, staff: Member, data: JSONBody[BrandBody], if_match: IfMatch = None
) -> Response[BrandingView]:
    """Set all of it at once, for everybody from now on. Needs `If-Match`."""
    expected = required_revision(if_match)
    answer = await context.bus.ask(SetBranding(expected=expected, brand=Brand(**structs.asdict(data)), by=str(staff)))
    if isinstance(answer, BrandingMoved):
        raise Problem(412, "changed_meanwhile", "Somebody has changed it since.", revision=answer.revision)
    if not isinstance(answer, Branding):
        raise Problem(422, "invalid", f"{answer.field}: {answer.why}", field=answer.field)
    return _answer(context, await context.brand.read_anew())


@get("/branding/history", summary="Read how the shop's identity was before")
async def get_branding_history(context: Injected) -> BrandHistoryView:
    """List the revisions of the shop's identity."""
    found = await context.bus.ask(ReadBrandingHistory())
    return BrandHistoryView(
        items=[
            BrandRevisionView(revision=each.revision, at=each.at, by=each.by, own=_words(each.brand))
            for each in found.revisions
        ]
    )


@post(
    "/branding/history/{revision:int}/restore",
    status_code=200,
    summary="Set the shop's identity back",
    refuses=["not_found"],
)
async def restore_branding(context: Injected, staff: Member, revision: FromPath[int]) -> Response[BrandingView]:
    """Set it back to what it was at a revision; 0 is that of the settings. The logo stays."""
    answer = await context.bus.ask(RestoreBranding(revision=revision, by=str(staff)))
    if isinstance(answer, NoSuchRevision):
        raise not_found("revision")
    return _answer(context, await context.brand.read_anew())


@put(
    "/branding/logo",
    request_max_body_size=MOST_BYTES + AROUND,
    summary="Set the logo",
    form=FORM,
    refuses=["image_refused", "body_too_large", "too_many_images"],
)
async def set_logo(context: Injected, request: Http) -> Response[BrandingView]:
    """Take a picture as the shop's logo, in place of the one before: as for products, and no SVG, which can run."""
    async with received(request) as (upload, alt):
        key = upload_key(context.clock.now())
        await context.objects.put(key, upload.file, "application/octet-stream")
        stored = await context.bus.ask(
            StoreImage(product_id=LOGO_OF, id=upload.id, upload=key, size=upload.size, alt=alt)
        )
    if isinstance(stored, TooManyImages):
        raise too_many_images(stored.most)
    made = await finished(context, stored)
    await _drop_logos(context, but=made.id)
    return _answer(context, await context.brand.read_anew())


@delete("/branding/logo", status_code=200, summary="Take the logo away")
async def drop_logo(context: Injected) -> Response[BrandingView]:
    """Show the house's own mark again. The picture is deleted in 30 days, unless it is used elsewhere."""
    await _drop_logos(context, but="")
    return _answer(context, await context.brand.read_anew())


async def _drop_logos(context: GatewayContext, *, but: str) -> None:
    for product in (await context.bus.ask(ListImages(product_ids=(LOGO_OF,)))).products:
        for image in product.images:
            if image.id != but:
                await context.bus.ask(DropImage(product_id=LOGO_OF, id=image.id))
    context.updates.publish_brand()


def _answer(context: GatewayContext, shown: ShownBrand) -> Response[BrandingView]:
    view = BrandingView(
        revision=shown.revision,
        own=_words(shown.own),
        shown=_words(shown.brand),
        logo=image_view(context.media_url, shown.logo) if shown.logo else None,
    )
    return Response(view, headers=etag(shown.revision))


def _words(brand: Brand) -> BrandView:
    return BrandView(**structs.asdict(brand))


STAFF = [get_branding, set_branding, get_branding_history, restore_branding, set_logo, drop_logo]
