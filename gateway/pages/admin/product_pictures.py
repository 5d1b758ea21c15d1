"""A product's pictures: sent as forms, one at a time without scripts; arranged, described and taken away."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from litestar import Response, post
from litestar.params import FromPath

from bus.messages.media import MOST_BYTES
from gateway.api.media import AROUND, StaffImages
from gateway.context import Http
from gateway.pages.admin.product import path_of, screen_of, show
from gateway.pages.admin.screens import PortalPart
from gateway.pages.forms import own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask, pass_on
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

_HUNDRED: Final = 100


@post(
    "/admin/products/{product_id:str}/pictures",
    include_in_schema=False,
    guards=[own_forms_only],
    request_max_body_size=MOST_BYTES + AROUND,
)
async def add_picture(request: Http, product_id: FromPath[str]) -> Response[bytes]:
    """Take a picture. The form goes on to the API as it comes: it is never in memory as a whole."""
    try:
        await pass_on(request, "POST", f"{path_of(product_id)}/images")
    except Refused as refused:
        if refused.is_denied:
            raise
        said = sentence_of(language_asked(request), refused)
        return await show(request, product_id, status=refused.status, problem=said, field="file")
    return see(screen_of(product_id, "#pictures"))


@post("/admin/products/{product_id:str}/pictures/{image_id:str}", include_in_schema=False, guards=[own_forms_only])
async def change_picture(request: Http, product_id: FromPath[str], image_id: FromPath[str]) -> Response[bytes]:
    """Describe a picture, move it, or take it away, as the button says that was pressed."""
    form = await read_form(request)
    path = f"{path_of(product_id)}/images"
    one = f"{path}/{quote(image_id, safe='')}"
    try:
        match form.get("do"):
            case "remove":
                await ask(request, "DELETE", one)
            case "earlier" | "later" as way:
                images = (await ask(request, "GET", path)).read(StaffImages).items
                ids = moved([image.id for image in images], image_id, -1 if way == "earlier" else 1)
                await ask(request, "PUT", path, body={"ids": ids})
            case _:
                left, top = _share(form.number("left")), _share(form.number("top"))
                body = {"alt": form.get("alt"), "focal": [left, top], "skus": list(form.all("sku"))}
                await ask(request, "PATCH", one, body=body)
    except (Refused, Problem) as refused:
        if isinstance(refused, Refused) and refused.is_denied:
            raise
        language = language_asked(request)
        said = sentence_of(language, refused) if isinstance(refused, Refused) else language.say("Please try again.")
        return await show(request, product_id, status=refused.status, problem=said)
    return see(screen_of(product_id, "#pictures"))


def moved(ids: Sequence[str], which: str, by: int) -> Sequence[str]:
    """Return ids with one of them moved by a place, as far as there is one."""
    if which not in ids:
        return ids
    place = ids.index(which)
    others = [each for each in ids if each != which]
    target = max(0, place + by)
    return [*others[:target], which, *others[target:]]


def _share(percent: int | None) -> float:
    return min(max(percent if percent is not None else 50, 0), _HUNDRED) / _HUNDRED


PART = PortalPart(screens=(), routes=[add_picture, change_picture])
