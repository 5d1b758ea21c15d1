"""Collections: what is chosen by hand and in which order, what a search adds, and how buyers see both."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from bus.messages import words
from bus.messages.base import new_id
from bus.messages.navigation import MOST_ITEMS
from bus.messages.search import FACETS, FoundSort
from gateway.api.catalog.categories import CategoryList
from gateway.api.catalog.collections import CollectionList, CollectionPage, EditedCollection
from gateway.api.catalog.definition_bodies import AttributeList
from gateway.api.catalog.edits import EditedList, EditedSummary
from gateway.api.catalog.few import FewProducts
from gateway.api.catalog.products import ProductSummary
from gateway.context import Http, context_of
from gateway.pages.admin.collection_fields import (
    CATEGORIES,
    FIELDS,
    all_fields_of,
    body_of,
    form_of,
    ordered,
    same,
    stamp_of,
)
from gateway.pages.admin.merging import Draft, Fields, fresh, typed
from gateway.pages.admin.saving import BothChanged, save_merged
from gateway.pages.admin.screens import PortalPart, Screen, read_if_allowed, screen
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import said_again, told
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

API: Final = "/admin/api/collections"
_SCREEN: Final = "/admin/collections"
_SORTS: Final = get_args(FoundSort)
_PREVIEW: Final = 12  # Products that are shown as buyers see them.
_FOUND: Final = 20  # Products to choose from.
_NAMED: Final = 200  # Products by hand that have their titles; further ones have their numbers.
_AT_ONCE: Final = 50  # Products that are looked up at once.
_LONGEST: Final = 100  # Letters of what is looked for.
_MOST_FIELDS: Final = 2 * MOST_ITEMS + 50  # A place of each product, and whether it goes.
_MOST_BYTES: Final = 512 << 10
_LATE: Final = "changed_meanwhile"


@get(_SCREEN, include_in_schema=False)
async def collections(request: Http) -> Response[bytes]:
    """List all collections, those that buyers don't see among them; and ask for a new one."""
    return await _list(request)


async def _list(
    request: Http, *, form: Form | None = None, status: int = 200, problem: str = "", field: str = ""
) -> Response[bytes]:
    listed = (await ask(request, "GET", API)).read(CollectionList).items
    now = context_of(request.scope).clock.now()
    shown = {
        each.id for each in listed
        if (not each.publish_at or each.publish_at <= now) and (not each.unpublish_at or each.unpublish_at > now)
    }  # fmt: skip
    return await screen(
        request,
        "collections.html",
        status=status,
        problem=problem,
        field=field,
        listed=listed,
        shown=shown,
        form=form or Form({}),
    )


@post(_SCREEN, include_in_schema=False, guards=[own_forms_only])
async def add_collection(request: Http) -> Response[bytes]:
    """Add a collection with nothing in it: its own screen is next."""
    form, name = await read_form(request), new_id("col")
    try:
        await ask(request, "PUT", _path(name), body=body_of(form, context_of(request.scope).currency, ()))
    except Refused as refused:
        if refused.is_denied:
            raise
        said = told(language_asked(request), refused)
        return await _list(request, form=form, status=refused.status, problem=said, field=refused.field)
    return see(f"{_SCREEN}/{name}")


@get(f"{_SCREEN}/{{collection_id:str}}", include_in_schema=False)
async def collection(request: Http, collection_id: FromPath[str]) -> Response[bytes]:
    """Show a collection: its texts and its search, what was chosen by hand, and what buyers see."""
    return await _show(request, collection_id)


async def _show(
    request: Http,
    collection_id: str,
    *,
    draft: Draft | None = None,
    status: int = 200,
    problem: str = "",
    field: str = "",
) -> Response[bytes]:
    found = await _read(request, collection_id)
    currency, language = context_of(request.scope).currency, language_asked(request)
    draft = draft or fresh(all_fields_of(found, currency), found.revision)
    attributes = (await ask(request, "GET", "/attributes")).read(AttributeList).items
    looked_for = str(request.query_params.get("q", "")).strip()[:_LONGEST]
    return await screen(
        request,
        "collection.html",
        status=status,
        problem=problem,
        field=field.rpartition(".")[2],
        saved="saved" in request.query_params and not problem,
        collection=found,
        base=_screen(found.id),
        seen=stamp_of(found.items),
        draft=draft,
        within=draft.fields[CATEGORIES].split(","),
        categories=(await ask(request, "GET", "/categories", query=f"locale={language.code}")).read(CategoryList).items,
        facets=[*FACETS, *(each.key for each in attributes if each.filterable)],
        sorts=_SORTS,
        currency=currency,
        names=await _names(request, found.items[:_NAMED]),
        looked_for=looked_for,
        choices=await _choices(request, looked_for, found.items) if looked_for else [],
        preview=await _preview(request, found, language.code),
    )


async def _names(request: Http, ids: Sequence[str]) -> Mapping[str, ProductSummary]:
    """Read products that buyers see, by id."""
    found = dict[str, ProductSummary]()
    for begins in range(0, len(ids), _AT_ONCE):
        query = urlencode({"ids": ",".join(ids[begins : begins + _AT_ONCE])})
        some = (await ask(request, "GET", "/product-lookup", query=query)).read(FewProducts)
        found |= {each.id: each for each in some.items}
    return found


async def _choices(request: Http, looked_for: str, chosen: Sequence[str]) -> Sequence[EditedSummary]:
    """Find products that are not chosen yet; nothing for those who may not read products."""
    query = urlencode({"q": looked_for, "limit": _FOUND})
    found = await read_if_allowed(request, "/admin/api/products", EditedList, query)
    return [each for each in found.items if each.id not in chosen] if found else []


async def _preview(request: Http, found: EditedCollection, language: str) -> CollectionPage | None:
    """Read the first page of a collection as buyers see it; None if they don't."""
    query = urlencode({"limit": _PREVIEW, "locale": language})
    try:
        return (await ask(request, "GET", f"/collections/{quote(found.slug)}", query=query)).read(CollectionPage)
    except Refused as refused:
        if refused.status not in (301, 404, 410):
            raise
        return None


@post(f"{_SCREEN}/{{collection_id:str}}", include_in_schema=False, guards=[own_forms_only])
async def change_collection(request: Http, collection_id: FromPath[str]) -> Response[bytes]:
    """Save a collection's texts and search, put what was chosen by hand in order, add to it, or remove it all."""
    form = await read_form(request, most_fields=_MOST_FIELDS, most_bytes=_MOST_BYTES)
    step, language = form.get("do").partition(" ")[0], language_asked(request)
    draft = typed(form, (*FIELDS, CATEGORIES)) if step == "save" else None
    try:
        await (_save(request, collection_id, draft) if draft else _do(request, collection_id, form))
    except BothChanged as conflict:
        return await _show(request, collection_id, status=412, problem=conflict.said(language), draft=conflict.draft)
    except (Refused, Problem) as why:
        said, status, field = said_again(language, why)
        if why.code == _LATE:
            said = language.say(words.problem(_LATE))
    else:
        return see(_SCREEN if step == "remove" else f"{_screen(collection_id)}?saved=1")
    return await _show(request, collection_id, draft=draft, status=status, problem=said, field=field)


async def _save(request: Http, collection_id: str, draft: Draft) -> None:
    """Save texts and search, beside what others have saved meanwhile. Raises as `save_merged`."""
    currency = context_of(request.scope).currency

    async def send(draft: Draft) -> None:
        items = (await _read(request, collection_id)).items
        await _put(request, collection_id, draft.revision, body_of(form_of(draft.fields), currency, items))

    async def now() -> tuple[Fields, int]:
        found = await _read(request, collection_id)
        return all_fields_of(found, currency), found.revision

    await save_merged(draft, send, now)


async def _do(request: Http, collection_id: str, form: Form) -> None:
    step, _, what = form.get("do").partition(" ")
    found = await _read(request, collection_id)
    match step:
        case "remove":
            await ask(request, "DELETE", _path(collection_id))
        case "add" if what not in found.items:
            await _put(request, found.id, found.revision, same(found, [*found.items, what]))
        case "order":
            if form.get("seen") != stamp_of(found.items):
                raise Problem(412, _LATE, "Somebody has changed it since.")
            places = {each: place for each in found.items if (place := form.number(f"place.{each}")) is not None}
            moved = ordered(found.items, places, form.all("drop"))
            await _put(request, found.id, found.revision, same(found, moved))
        case "add":
            return
        case _:
            raise Problem(422, "invalid", "do: there is no such step", field="do")


async def _read(request: Http, collection_id: str) -> EditedCollection:
    return (await ask(request, "GET", _path(collection_id))).read(EditedCollection)


async def _put(request: Http, collection_id: str, revision: int, body: Mapping[str, object]) -> None:
    await ask(request, "PUT", _path(collection_id), body=body, headers=[("If-Match", f'"{revision}"')])


def _path(collection_id: str) -> str:
    return f"{API}/{quote(collection_id, safe='')}"


def _screen(collection_id: str) -> str:
    return f"{_SCREEN}/{quote(collection_id, safe='')}"


PART: Final = PortalPart(
    screens=[Screen(path=_SCREEN, title="Collections", group="goods", key="read_content")],
    routes=[collections, add_collection, collection, change_collection],
)
