"""Kinds of products: the attributes that products of a kind have, and which of these they need to go on sale."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from msgspec.structs import replace

from bus.messages.attributes import MOST_ATTRIBUTES
from gateway.api.catalog.definition_bodies import AttributeList, AttributeView, TypeList, TypeView, UsedType
from gateway.context import Http
from gateway.pages.admin.matrix import slug_of
from gateway.pages.admin.merging import Draft, Fields, fresh, typed
from gateway.pages.admin.product_fields import shown_value, value_of
from gateway.pages.admin.saving import BothChanged, save_merged
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import said_again
from gateway.pages.typed import words_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

API: Final = "/admin/api/types"
_SCREEN: Final = "/admin/types"
# Whether it has each attribute, the value to begin with, and of both whether the other editor's stays.
_MOST_FIELDS: Final = 4 * MOST_ATTRIBUTES + 10
_MOST_BYTES: Final = 1 << 20  # All that is typed, and once more what it was.
_HAS: Final = ("yes", "needed")


@get(_SCREEN, include_in_schema=False)
async def kinds(request: Http) -> Response[bytes]:
    """Show all kinds; the one that the address names can be edited beside them."""
    return await _show(request, str(request.query_params.get("id", "")))


async def _show(
    request: Http,
    kind_id: str,
    *,
    draft: Draft | None = None,
    new: Form | None = None,
    status: int = 200,
    problem: str = "",
    field: str = "",
) -> Response[bytes]:
    """Show all kinds and a form; what was typed for one that is gone meanwhile is that of a new one."""
    listed = await _kinds(request)
    chosen = next((each for each in listed if each.id == kind_id), None)
    attributes = await _attributes(request)
    none = dict.fromkeys(_names(attributes), "")
    if draft:  # It lacks attributes that were added meanwhile.
        draft = replace(draft, fields={**none, **draft.fields})
    return await screen(
        request,
        "kinds.html",
        status=status,
        problem=problem,
        field=field,
        saved="saved" in request.query_params and not problem,
        listed=listed,
        chosen=chosen,
        attributes=attributes,
        draft=draft or (fresh(fields_of(chosen, attributes), chosen.revision) if chosen else None),
        new=draft or fresh({name: new.get(name) for name in none} if new else none, 0),
    )


async def _kinds(request: Http) -> Sequence[TypeView]:
    return (await ask(request, "GET", API)).read(TypeList).items


async def _attributes(request: Http) -> Sequence[AttributeView]:
    return (await ask(request, "GET", "/admin/api/attributes")).read(AttributeList).items


@post(_SCREEN, include_in_schema=False, guards=[own_forms_only])
async def change_kind(request: Http) -> Response[bytes]:
    """Add a kind, save or remove one. Products that are of it stay as they are."""
    form = await read_form(request, most_fields=_MOST_FIELDS, most_bytes=_MOST_BYTES)
    step, kind_id, language = form.get("do"), form.get("id"), language_asked(request)
    attributes = await _attributes(request)
    draft = typed(form, _names(attributes)) if step == "save" else None
    try:
        shown = await (_save(request, kind_id, draft, attributes) if draft else _do(request, form, attributes))
    except BothChanged as conflict:
        return await _show(request, kind_id, draft=conflict.draft, status=412, problem=conflict.said(language))
    except (Refused, Problem) as why:
        said, status, field = said_again(language, why)
    else:
        return see(f"{_SCREEN}?{urlencode({'id': shown, 'saved': 1})}")
    if step == "add":
        return await _show(request, "", new=form, status=status, problem=said, field=field)
    return await _show(request, kind_id, draft=draft, status=status, problem=said, field=field)


async def _save(request: Http, kind_id: str, draft: Draft, attributes: Sequence[AttributeView]) -> str:
    """Save a kind, beside what others have saved meanwhile; return its id. Raises as `save_merged`."""

    async def send(draft: Draft) -> None:
        body = body_of(Form({name: [text] for name, text in draft.fields.items()}), attributes)
        await ask(request, "PUT", _path(kind_id), body=body, headers=[("If-Match", f'"{draft.revision}"')])

    async def now() -> tuple[Fields, int]:
        found = await _read(request, kind_id)
        return fields_of(found, attributes), found.revision

    await save_merged(draft, send, now, together=[_names_of(each) for each in attributes])
    return kind_id


async def _do(request: Http, form: Form, attributes: Sequence[AttributeView]) -> str:
    """Do what a form says; return the id of the kind to show next, "" for none."""
    match form.get("do"):
        case "add":
            kind_id = free_id(form.get("title"), {each.id for each in await _kinds(request)})
            await ask(request, "POST", API, body={"id": kind_id, **body_of(form, attributes)})
            return kind_id
        case "remove":
            seen = [("If-Match", f'"{form.number("revision") or 0}"')]
            await ask(request, "DELETE", _path(form.get("id")), headers=seen)
            return ""
        case _:
            raise Problem(422, "invalid", "do: there is no such step", field="do")


@get(f"{_SCREEN}/remove", include_in_schema=False)
async def confirm_removing_kind(request: Http) -> Response[bytes]:
    """Ask whether a kind is to be removed, and say how many products are of it."""
    found = await _read(request, str(request.query_params.get("id", "")))
    return await screen(
        request, "definition_remove.html", found=found, having=[], home=_SCREEN, name="id", value=found.id
    )


async def _read(request: Http, kind_id: str) -> UsedType:
    return (await ask(request, "GET", _path(kind_id))).read(UsedType)


def _path(kind_id: str) -> str:
    return f"{API}/{quote(kind_id, safe='')}"


def free_id(title: str, taken: Collection[str]) -> str:
    """Make an id of a title, with a number behind it if another has it."""
    name = slug_of(title)[:60].strip("-")
    return next(
        each for each in itertools.chain([name], (f"{name}-{at}" for at in itertools.count(2))) if each not in taken
    )


def body_of(form: Form, attributes: Sequence[AttributeView]) -> Mapping[str, object]:
    """Write a kind as the API takes it. A value to begin with is of attributes that products have, not SKUs.

    Raises:
        Problem: A value can't be read.
    """
    parts = [_part(form, each) for each in attributes if form.get(f"has.{each.key}") in _HAS]
    return {"title": form.get("title"), "options": list(words_of(form.get("options"))), "attributes": parts}


def _part(form: Form, attribute: AttributeView) -> Mapping[str, object]:
    field = f"value.{attribute.key}"
    text = "" if attribute.of_sku else form.get(field)
    begins = {"value": value_of(attribute, text, field)} if text else {}
    return {"key": attribute.key, "required": form.get(f"has.{attribute.key}") == "needed", **begins}


def fields_of(kind: TypeView, attributes: Sequence[AttributeView]) -> Fields:
    """Return a kind as the fields of its form."""
    own = {each.key: each for each in kind.attributes}
    fields = {"title": kind.title, "options": ", ".join(kind.options)}
    for each in attributes:
        part = own.get(each.key)
        fields[f"has.{each.key}"] = _HAS[part.required] if part else ""
        fields[f"value.{each.key}"] = shown_value(part.value) if part else ""
    return fields


def _names(attributes: Sequence[AttributeView]) -> Sequence[str]:
    return ["title", "options", *(name for each in attributes for name in _names_of(each))]


def _names_of(attribute: AttributeView) -> Sequence[str]:
    """Return the names of the fields that say whether products have an attribute, and with which value."""
    return f"has.{attribute.key}", f"value.{attribute.key}"


PART: Final = PortalPart(
    screens=[Screen(path=_SCREEN, title="Kinds of product", group="goods", key="read_products")],
    routes=[kinds, change_kind, confirm_removing_kind],
)
