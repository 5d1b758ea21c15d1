"""Kinds of products: the attributes that products of a kind have, and which of these they need to go on sale."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from litestar import Response, get, post

from bus.messages.attributes import MOST_ATTRIBUTES
from gateway.api.catalog.definitions import AttributeList, AttributeView, TypeList, TypeView
from gateway.context import Http
from gateway.pages.admin.matrix import slug_of
from gateway.pages.admin.product_fields import shown_value, value_of
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import said_again
from gateway.pages.typed import words_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

API: Final = "/admin/api/types"
_SCREEN: Final = "/admin/types"
_MOST_FIELDS: Final = 2 * MOST_ATTRIBUTES + 10  # Whether it has each attribute, and the value to begin with.
_MOST_BYTES: Final = 512 << 10
_HAS: Final = ("yes", "needed")


@get(_SCREEN, include_in_schema=False)
async def kinds(request: Http) -> Response[bytes]:
    """Show all kinds; the one that the address names can be edited beside them."""
    return await _show(request, str(request.query_params.get("id", "")))


async def _show(
    request: Http, kind_id: str, *, form: Form | None = None, status: int = 200, problem: str = "", field: str = ""
) -> Response[bytes]:
    listed = await _kinds(request)
    chosen = next((each for each in listed if each.id == kind_id), None)
    attributes = await _attributes(request)
    own, new = (form, None) if chosen else (None, form)
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
        fields=_typed(own, attributes) if own else _fields(chosen, attributes) if chosen else {},
        new=_typed(new or Form({}), attributes),
    )


async def _kinds(request: Http) -> Sequence[TypeView]:
    return (await ask(request, "GET", API)).read(TypeList).items


async def _attributes(request: Http) -> Sequence[AttributeView]:
    return (await ask(request, "GET", "/admin/api/attributes")).read(AttributeList).items


@post(_SCREEN, include_in_schema=False, guards=[own_forms_only])
async def change_kind(request: Http) -> Response[bytes]:
    """Add a kind, save or remove one. Products that are of it stay as they are."""
    form = await read_form(request, most_fields=_MOST_FIELDS, most_bytes=_MOST_BYTES)
    try:
        shown = await _do(request, form)
    except (Refused, Problem) as why:
        said, status, field = said_again(language_asked(request), why)
    else:
        return see(f"{_SCREEN}?{urlencode({'id': shown, 'saved': 1})}")
    kind_id = "" if form.get("do") == "add" else form.get("id")
    return await _show(request, kind_id, form=form, status=status, problem=said, field=field)


async def _do(request: Http, form: Form) -> str:
    """Do what a form says; return the id of the kind to show next, "" for none."""
    if form.get("do") == "remove":
        await ask(request, "DELETE", f"{API}/{quote(form.get('id'), safe='')}")
        return ""
    body = body_of(form, await _attributes(request))
    is_new = form.get("do") == "add"
    kind_id = free_id(form.get("title"), {each.id for each in await _kinds(request)}) if is_new else form.get("id")
    await ask(request, "PUT", f"{API}/{quote(kind_id, safe='')}", body=body)
    return kind_id


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


def _fields(kind: TypeView, attributes: Sequence[AttributeView]) -> Mapping[str, str]:
    own = {each.key: each for each in kind.attributes}
    fields = {"title": kind.title, "options": ", ".join(kind.options)}
    for each in attributes:
        part = own.get(each.key)
        fields[f"has.{each.key}"] = _HAS[part.required] if part else ""
        fields[f"value.{each.key}"] = shown_value(part.value) if part else ""
    return fields


def _typed(form: Form, attributes: Sequence[AttributeView]) -> Mapping[str, str]:
    names = [name for each in attributes for name in (f"has.{each.key}", f"value.{each.key}")]
    return {name: form.get(name) for name in ("title", "options", *names)}


PART: Final = PortalPart(
    screens=[Screen(path=_SCREEN, title="Kinds of product", group="goods", key="read_products")],
    routes=[kinds, change_kind],
)
