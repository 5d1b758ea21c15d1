"""The shop's own side: its name and looks, its notices, shipping; and what the environment says."""

from typing import Final
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec.structs import asdict

from bus.messages.media import MOST_BYTES
from gateway.api.branding import BrandHistoryView, BrandingView, BrandView
from gateway.api.media import AROUND
from gateway.api.settings import SettingList
from gateway.api.shipping import MethodList
from gateway.context import Http, context_of
from gateway.pages.admin.merging import Draft, Fields, fresh, typed
from gateway.pages.admin.saving import BothChanged, save_merged
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask, pass_on
from gateway.pages.sentences import sentence_of
from gateway.pages.typed import amount_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

BRANDING: Final = "/admin/api/branding"
METHODS: Final = "/admin/api/shipping-methods"
_MOST_BYTES: Final = 2 << 20  # Five notices, and what they were.
_FIELDS: Final = BrandView.__struct_fields__


@get("/admin/settings", include_in_schema=False)
async def settings(request: Http) -> Response[bytes]:
    """Show what may be set while the shop runs, and read what the environment says."""
    return await _show(request)


async def _show(
    request: Http, *, status: int = 200, problem: str = "", field: str = "", draft: Draft | None = None
) -> Response[bytes]:
    branding = (await ask(request, "GET", BRANDING)).read(BrandingView)
    return await screen(
        request,
        "settings.html",
        status=status,
        problem=problem,
        field=field,
        saved="saved" in request.query_params and not problem,
        branding=branding,
        draft=draft or fresh(asdict(branding.own), branding.revision),
        history=(await ask(request, "GET", f"{BRANDING}/history")).read(BrandHistoryView).items[:20],
        methods=(await ask(request, "GET", METHODS)).read(MethodList).items,
        currency=context_of(request.scope).currency,
        environment=(await ask(request, "GET", "/admin/api/settings")).read(SettingList).items,
    )


@post("/admin/settings", include_in_schema=False, guards=[own_forms_only])
async def save(request: Http) -> Response[bytes]:
    """Set the shop's name, looks and notices; of two who do, nobody overwrites the other."""
    draft = typed(await read_form(request, most_bytes=_MOST_BYTES), _FIELDS)
    language = language_asked(request)

    async def send(draft: Draft) -> None:
        await ask(request, "PUT", BRANDING, body=draft.fields, headers=[("If-Match", f'"{draft.revision}"')])

    async def now() -> tuple[Fields, int]:
        found = (await ask(request, "GET", BRANDING)).read(BrandingView)
        return asdict(found.own), found.revision

    try:
        await save_merged(draft, send, now)
    except BothChanged as conflict:
        return await _show(request, status=412, problem=conflict.said(language), draft=conflict.draft)
    except Refused as refused:
        if refused.is_denied:
            raise
        said = sentence_of(language, refused)
        return await _show(request, status=refused.status, problem=said, field=refused.field, draft=draft)
    return see("/admin/settings?saved=1")


@post(
    "/admin/settings/logo",
    include_in_schema=False,
    guards=[own_forms_only],
    request_max_body_size=MOST_BYTES + AROUND,
)
async def set_logo(request: Http) -> Response[bytes]:
    """Take a picture as the shop's logo."""
    try:
        await pass_on(request, "PUT", f"{BRANDING}/logo")
    except Refused as refused:
        if refused.is_denied:
            raise
        said = sentence_of(language_asked(request), refused)
        return await _show(request, status=refused.status, problem=said, field="file")
    return see("/admin/settings?saved=1")


@post("/admin/settings/back", include_in_schema=False, guards=[own_forms_only])
async def go_back(request: Http) -> Response[bytes]:
    """Set the shop's identity back to what it was, or take the logo away."""
    form = await read_form(request)
    if form.get("do") == "no-logo":
        await ask(request, "DELETE", f"{BRANDING}/logo")
    else:
        await ask(request, "POST", f"{BRANDING}/history/{quote(form.get('revision'), safe='')}/restore")
    return see("/admin/settings?saved=1")


@post("/admin/settings/shipping/{method_id:str}", include_in_schema=False, guards=[own_forms_only])
async def set_method(request: Http, method_id: FromPath[str]) -> Response[bytes]:
    """Set a shipping method, and its price in one currency."""
    form = await read_form(request)
    try:
        await ask(request, "PUT", f"{METHODS}/{quote(method_id, safe='')}", body=method_body(form))
    except Refused as refused:
        if refused.is_denied:
            raise
        said = sentence_of(language_asked(request), refused)
        return await _show(request, status=refused.status, problem=said, field=f"{method_id}.{refused.field}")
    except Problem as problem:
        field = f"{method_id}.{problem.members.get('field', '')}"
        said = language_asked(request).say("Please look at this field again.")
        return await _show(request, status=problem.status, problem=said, field=field)
    return see("/admin/settings?saved=1#shipping")


def method_body(form: Form) -> dict[str, object]:
    """Write a shipping method as the API takes it.

    Raises:
        Problem: A field can't be read.
    """
    currency = form.get("currency").upper()
    free = form.get("free_from")
    return {
        "title": form.get("title"),
        "days": {"min": form.number("min") or 0, "max": form.number("max") or 0},
        "price": amount_of(form.get("price"), currency, "price"),
        **({"free_from": amount_of(free, currency, "free_from")} if free else {}),
    }


PART = PortalPart(
    screens=[Screen(path="/admin/settings", title="Settings", group="shop", key="read_settings")],
    routes=[settings, save, set_logo, go_back, set_method],
)
