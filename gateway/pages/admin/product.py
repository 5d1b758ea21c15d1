"""A product: its texts, prices, options and what is planned for it. Its pictures are in product_pictures.py, what
buyers tell with it in product_inputs.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec.structs import replace

from bus.messages.catalog import MOST_SKUS
from gateway.api.catalog.categories import EditedCategories
from gateway.api.catalog.definition_bodies import AttributeList, TypeList
from gateway.api.catalog.edits import EditedProduct
from gateway.api.catalog.history import ProductHistoryView
from gateway.api.catalog.planned import PlanList
from gateway.api.catalog.translations import TranslationList
from gateway.api.media import StaffImages
from gateway.context import Http, context_of
from gateway.pages.admin.input_fields import draft_of, shown_rows
from gateway.pages.admin.matrix import all_skus, options_of, sku_json, text_of, whole_json
from gateway.pages.admin.merging import Draft, Fields, changed, fresh, typed
from gateway.pages.admin.product_fields import change_of, changed_skus, fields_of, sku_fields
from gateway.pages.admin.products import API
from gateway.pages.admin.saving import BothChanged, save_merged
from gateway.pages.admin.screens import PortalPart, T, screen
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.languages import languages
from gateway.pages.sentences import sentence_of, told
from gateway.pages.typed import amount_of, moment_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

MOST_BYTES: Final = 1 << 20
_SKU_FIELDS: Final = 5  # Of each SKU: price, weight, barcode, and whether it is on sale, with and without its tick.
_MORE_FIELDS: Final = 50  # Of a table of SKUs, besides those of each.
_MOST_TABLE_BYTES: Final = 16 << 20  # 2,048 SKUs of seven fields are 2 MB: what they are and what they were.
_HISTORY: Final = 20
_TRANSLATED: Final = ("title", "description", "seo_title", "seo_description")


def path_of(product_id: str) -> str:
    """Return where the API has a product."""
    return f"{API}/{quote(product_id, safe='')}"


def screen_of(product_id: str, part: str = "") -> str:
    """Return where staff edit a product."""
    return f"/admin/products/{quote(product_id, safe='')}{part}"


@get("/admin/products/{product_id:str}", include_in_schema=False)
async def product(request: Http, product_id: FromPath[str]) -> Response[bytes]:
    """Show a product, with a form for each part of it."""
    return await show(request, product_id)


async def show(
    request: Http,
    product_id: str,
    *,
    status: int = 200,
    problem: str = "",
    code: str = "",
    field: str = "",
    details: Draft | None = None,
    skus: Draft | None = None,
    options: Draft | None = None,
    inputs: Draft | None = None,
) -> Response[bytes]:
    """Render a product's screen; a form that was refused is shown as it was typed."""
    path = path_of(product_id)
    found = (await ask(request, "GET", path)).read(EditedProduct)
    inputs = inputs or draft_of(found.inputs, found.revision)
    attributes, types, categories = await asyncio.gather(
        _read(request, "/attributes", AttributeList),
        _read(request, "/admin/api/types", TypeList),
        _read(request, "/admin/api/categories", EditedCategories),
    )
    images, translations, plans, history = await asyncio.gather(
        _read(request, f"{path}/images", StaffImages),
        _read(request, f"{path}/translations", TranslationList),
        _read(request, f"{path}/planned", PlanList),
        _read(request, f"{path}/history", ProductHistoryView, f"limit={_HISTORY}"),
    )
    of_type = {each.key: each for kind in types.items if kind.id == found.type_id for each in kind.attributes}
    filled = {*found.attributes, *(key for sku in all_skus(found) for key in sku.attributes)}
    known = [each for each in attributes.items if each.key in of_type or each.key in filled]
    own, of_skus = [each for each in known if not each.of_sku], [each for each in known if each.of_sku]
    return await screen(
        request,
        "product.html",
        status=status,
        problem=problem,
        problem_code=code,
        field=field,
        saved="saved" in request.query_params and not problem,
        product=found,
        details=details or fresh(fields_of(found, own), found.revision),
        skus=skus or fresh(sku_fields(found, of_skus), found.revision),
        rows=all_skus(found),
        options=options or _options(found),
        inputs=inputs,
        input_rows=shown_rows(inputs.fields),
        input_rows_of_others=[row for row in shown_rows(inputs.theirs) if row["title"]],
        attributes=own,
        of_skus=of_skus,
        required={key for key, each in of_type.items() if each.required},
        types=types.items,
        categories=categories.items,
        images=images.items,
        translations={each.locale: each for each in translations.items},
        others=[each for code, each in languages().items() if code != context_of(request.scope).language],
        plans=plans.items,
        history=history.items,
        base=screen_of(product_id),
    )


async def _read(request: Http, path: str, kind: type[T], query: str = "") -> T:
    return (await ask(request, "GET", path, query=query)).read(kind)


async def _save(
    request: Http,
    product_id: str,
    draft: Draft,
    fields_now: Callable[[EditedProduct], Fields],
    body_of: Callable[[Fields, Fields, EditedProduct], Mapping[str, object]],
) -> None:
    """Save what an editor has changed, as `save_merged`."""
    path = path_of(product_id)

    async def send(draft: Draft) -> None:
        body = body_of(changed(draft), draft.fields, await _read(request, path, EditedProduct))
        await ask(request, "PATCH", path, body=body, headers=[("If-Match", f'"{draft.revision}"')])

    async def now() -> tuple[Fields, int]:
        found = await _read(request, path, EditedProduct)
        return fields_now(found), found.revision

    await save_merged(draft, send, now)


@post("/admin/products/{product_id:str}", include_in_schema=False, guards=[own_forms_only])
async def save_details(request: Http, product_id: FromPath[str]) -> Response[bytes]:
    """Save a product's texts, categories, status, times and attributes."""
    form = await read_form(request, most_bytes=MOST_BYTES)
    attributes = (await ask(request, "GET", "/attributes")).read(AttributeList).items
    found = (await ask(request, "GET", path_of(product_id))).read(EditedProduct)
    known = fields_of(found, attributes)
    draft = typed(form, [name for name in known if not name.startswith("a.") or name in form.fields])

    async def again(status: int, problem: str, field: str, shown: Draft) -> Response[bytes]:
        whole = _with_others(shown, known)
        return await show(request, product_id, status=status, problem=problem, field=field, details=whole)

    def now(product: EditedProduct) -> Fields:
        return fields_of(product, attributes)

    def body(mine: Fields, fields: Fields, product: EditedProduct) -> Mapping[str, object]:
        return change_of(mine, fields, product, attributes)

    return await _answer(request, product_id, draft, again, now, body)


@post(
    "/admin/products/{product_id:str}/skus",
    include_in_schema=False,
    guards=[own_forms_only],
    request_max_body_size=_MOST_TABLE_BYTES,
)
async def save_skus(request: Http, product_id: FromPath[str]) -> Response[bytes]:
    """Save the prices, weights and barcodes of a product's SKUs, and which are on sale."""
    found = (await ask(request, "GET", path_of(product_id))).read(EditedProduct)  # Staff only have a large form read.
    attributes = [each for each in (await _read(request, "/attributes", AttributeList)).items if each.of_sku]
    each_sku = 2 * (_SKU_FIELDS + len(attributes))  # Twice: for each field somebody may choose what another has saved.
    most = MOST_SKUS * each_sku + _MORE_FIELDS
    form = await read_form(request, most_fields=most, most_bytes=_MOST_TABLE_BYTES)
    known = sku_fields(found, attributes)
    draft = typed(form, [name for name in known if not name.startswith("a:") or name in form.fields])

    async def again(status: int, problem: str, field: str, shown: Draft) -> Response[bytes]:
        whole = _with_others(shown, known)
        return await show(request, product_id, status=status, problem=problem, field=field, skus=whole)

    def now(product: EditedProduct) -> Fields:
        return sku_fields(product, attributes)

    def body(mine: Fields, fields: Fields, product: EditedProduct) -> Mapping[str, object]:
        return {"skus": changed_skus(mine, fields, product, attributes)}

    return await _answer(request, product_id, draft, again, now, body, "#skus")


def _with_others(draft: Draft, known: Fields) -> Draft:
    """Return a draft that also has the fields which were not sent: those of attributes that no form had."""
    return replace(draft, fields={**known, **draft.fields}, was={**known, **draft.was})


async def _answer(
    request: Http,
    product_id: str,
    draft: Draft,
    again: Callable[[int, str, str, Draft], Awaitable[Response[bytes]]],
    now: Callable[[EditedProduct], Fields],
    body: Callable[[Fields, Fields, EditedProduct], Mapping[str, object]],
    part: str = "",
) -> Response[bytes]:
    """Save a form and lead back to it; or show it again with what is wrong."""
    language = language_asked(request)
    try:
        await _save(request, product_id, draft, now, body)
    except BothChanged as conflict:
        return await again(412, conflict.said(language), "", conflict.draft)
    except Problem as problem:
        said = language.say("Please look at this field again.")
        return await again(problem.status, said, str(problem.members.get("field", "")), draft)
    except Refused as refused:
        if refused.is_denied:
            raise
        return await again(refused.status, told(language, refused), refused.field, draft)
    return see(screen_of(product_id, f"?saved=1{part}"))


@post("/admin/products/{product_id:str}/options", include_in_schema=False, guards=[own_forms_only])
async def save_options(request: Http, product_id: FromPath[str]) -> Response[bytes]:
    """Set a product's options, and make the SKUs that they ask for."""
    form, language = await read_form(request), language_asked(request)
    draft, path = typed(form, ("options",)), path_of(product_id)

    async def send(draft: Draft) -> None:
        found = await _read(request, path, EditedProduct)
        body = whole_json(found, options_of(draft.fields["options"]))
        await ask(request, "PUT", path, body=body, headers=[("If-Match", f'"{draft.revision}"')])

    async def now() -> tuple[Fields, int]:
        return (found := _options(await _read(request, path, EditedProduct))).fields, found.revision

    try:
        await save_merged(draft, send, now)
    except BothChanged as conflict:
        return await show(request, product_id, status=412, problem=conflict.said(language), options=conflict.draft)
    except Refused as refused:
        if refused.is_denied:
            raise
        said, status = sentence_of(language, refused), refused.status
    except Problem as problem:
        said, status = language.say("Write one option a line, such as: Size: S, M, L"), problem.status
    else:
        return see(screen_of(product_id, "?saved=1#skus"))
    return await show(request, product_id, status=status, problem=said, field="options", options=draft)


def _options(product: EditedProduct) -> Draft:
    return fresh({"options": text_of(product.options)}, product.revision)


@post("/admin/products/{product_id:str}/do", include_in_schema=False, guards=[own_forms_only])
async def act(request: Http, product_id: FromPath[str]) -> Response[bytes]:
    """Publish or remove a product, plan a change or drop one, undo one, or translate it."""
    form = await read_form(request)
    step, _, what = form.get("do").partition(" ")
    language = language_asked(request)
    try:
        await _do(request, path_of(product_id), step, quote(what, safe=""), form)
    except Refused as refused:
        if refused.is_denied:
            raise
        said = sentence_of(language, refused)
        return await show(request, product_id, status=refused.status, problem=said, code=refused.code)
    except Problem as problem:
        said = language.say("Please look at this field again.")
        return await show(
            request, product_id, status=problem.status, problem=said, field=str(problem.members.get("field", ""))
        )
    return see("/admin/products" if step == "remove" else screen_of(product_id, f"?saved=1#{step}"))


async def _do(request: Http, path: str, step: str, what: str, form: Form) -> None:
    match step:
        case "publish":
            await ask(request, "POST", f"{path}/publish", query="even_incomplete=true" if what else "")
        case "remove":
            await ask(request, "DELETE", path)
        case "undo":
            await ask(request, "POST", f"{path}/history/{what}/undo")
        case "plan":
            plan = {"due": moment_of(form.get("due"), "due"), "change": await _planned(request, path, form)}
            await ask(request, "POST", f"{path}/planned", body=plan)
        case "drop":
            await ask(request, "DELETE", f"{path}/planned/{what}")
        case "translate":
            texts = {name: form.get(name).replace("\r\n", "\n") for name in _TRANSLATED}
            slug = {"slug": form.get("slug")} if form.get("slug") else {}
            locale = what or quote(form.get("locale"), safe="")
            await ask(request, "PUT", f"{path}/translations/{locale}", body=texts | slug)
        case _:
            raise Problem(422, "invalid", "do: there is no such step", field="do")


async def _planned(request: Http, path: str, form: Form) -> Mapping[str, object]:
    """Return a change to plan: a status, or one price for all SKUs, or both.

    Raises:
        Problem: It is neither.
    """
    change: dict[str, object] = {"status": form.get("status")} if form.get("status") else {}
    if form.get("price"):
        found = (await ask(request, "GET", path)).read(EditedProduct)
        price = amount_of(form.get("price"), found.price.currency, "price")
        on_sale = {sku.sku for sku in found.skus}
        change["skus"] = [sku_json(sku, on_sale=sku.sku in on_sale, price=price) for sku in all_skus(found)]
    if not change:
        raise Problem(422, "invalid", "status: say what shall change", field="status")
    return change


PART = PortalPart(screens=(), routes=[product, save_details, save_skus, save_options, act])
