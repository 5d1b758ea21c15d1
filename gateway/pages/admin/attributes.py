"""Attributes: what a shop knows of its goods beyond their texts. Defined, changed and removed."""

from collections.abc import Mapping
from typing import Final, get_args
from urllib.parse import quote, urlencode

from litestar import Response, get, post

from bus.messages.attributes import LONGEST_CHOICE, MOST_CHOICES, AttributeKind
from gateway.api.catalog.definition_bodies import AttributeView, EditedAttributes, TypeList, UsedAttribute
from gateway.context import Http
from gateway.pages import forms
from gateway.pages.admin.matrix import key_of
from gateway.pages.admin.merging import Draft, Fields, fresh, typed
from gateway.pages.admin.saving import BothChanged, save_merged
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import said_again
from gateway.pages.typed import lines_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

API: Final = "/admin/api/attributes"
_SCREEN: Final = "/admin/attributes"
_KINDS: Final = get_args(AttributeKind)
_TICKS: Final = ("of_sku", "filterable", "searchable")
_CHOOSING: Final = ("kind", "choices")
FIELDS: Final = ("title", *_CHOOSING, "unit", "place", *_TICKS)
# As many choices as there may be, a letter of 3 bytes written as %E2%82%AC and a line's end as %0D%0A: as they are
# typed, and once more as they were. Beside them what any form may have.
MOST_BYTES: Final = 2 * MOST_CHOICES * (9 * LONGEST_CHOICE + 6) + forms.MOST_BYTES


@get(_SCREEN, include_in_schema=False)
async def attributes(request: Http) -> Response[bytes]:
    """Show all attributes; the one that the address names can be edited beside them."""
    return await _show(request, str(request.query_params.get("key", "")))


async def _show(
    request: Http,
    key: str,
    *,
    draft: Draft | None = None,
    new: Form | None = None,
    status: int = 200,
    problem: str = "",
    field: str = "",
) -> Response[bytes]:
    """Show all attributes and a form; what was typed for one that is gone meanwhile is that of a new one."""
    listed = (await ask(request, "GET", API)).read(EditedAttributes).items
    chosen = next((each for each in listed if each.key == key), None)
    typed_anew = {"key": key, **draft.fields} if draft else _typed(new or Form({"kind": ["text"]}))
    return await screen(
        request,
        "attributes.html",
        status=status,
        problem=problem,
        field=field,
        saved="saved" in request.query_params and not problem,
        listed=listed,
        chosen=chosen,
        draft=draft or (fresh(fields_of(chosen), chosen.revision) if chosen else None),
        new=fresh(typed_anew, 0),
        kinds=_KINDS,
    )


@post(_SCREEN, include_in_schema=False, guards=[own_forms_only])
async def change_attribute(request: Http) -> Response[bytes]:
    """Add an attribute, save or remove one."""
    form, language = await read_form(request, most_bytes=MOST_BYTES), language_asked(request)
    step, key = form.get("do"), form.get("key")
    draft = typed(form, FIELDS) if step == "save" else None
    try:
        shown = await (_save(request, key, draft) if draft else _do(request, form))
    except BothChanged as conflict:
        return await _show(request, key, draft=conflict.draft, status=412, problem=conflict.said(language))
    except (Refused, Problem) as why:
        said, status, field = said_again(language, why)
        if isinstance(why, Problem) and field == "choices":
            said = language.say("A choice needs something to choose from.")
    else:
        return see(f"{_SCREEN}?{urlencode({'key': shown, 'saved': 1})}")
    if step == "add":
        return await _show(request, "", new=form, status=status, problem=said, field=field)
    return await _show(request, key, draft=draft, status=status, problem=said, field=field)


async def _save(request: Http, key: str, draft: Draft) -> str:
    """Save an attribute, beside what others have saved meanwhile; return its key. Raises as `save_merged`."""

    async def send(draft: Draft) -> None:
        body = body_of(Form({name: [text] for name, text in draft.fields.items()}))
        await ask(request, "PUT", _path(key), body=body, headers=[("If-Match", f'"{draft.revision}"')])

    async def now() -> tuple[Fields, int]:
        found = await _read(request, key)
        return fields_of(found), found.revision

    await save_merged(draft, send, now, together=[_CHOOSING])
    return key


async def _do(request: Http, form: Form) -> str:
    """Do what a form says; return the key of the attribute to show next, "" for none."""
    key = form.get("key")
    match form.get("do"):
        case "add":
            key = key or key_of(form.get("title"), "attribute")
            await ask(request, "POST", API, body={"key": key, **body_of(form)})
            return key
        case "remove":
            seen = [("If-Match", f'"{form.number("revision") or 0}"')]
            await ask(request, "DELETE", _path(key), headers=seen)
            return ""
        case _:
            raise Problem(422, "invalid", "do: there is no such step", field="do")


@get(f"{_SCREEN}/remove", include_in_schema=False)
async def confirm_removing_attribute(request: Http) -> Response[bytes]:
    """Ask whether an attribute is to be removed, and say what has it."""
    found = await _read(request, str(request.query_params.get("key", "")))
    kinds = (await ask(request, "GET", "/admin/api/types")).read(TypeList).items
    return await screen(
        request,
        "definition_remove.html",
        found=found,
        having=[kind.title for kind in kinds if found.key in {each.key for each in kind.attributes}],
        home=_SCREEN,
        name="key",
        value=found.key,
    )


async def _read(request: Http, key: str) -> UsedAttribute:
    return (await ask(request, "GET", _path(key))).read(UsedAttribute)


def _path(key: str) -> str:
    return f"{API}/{quote(key, safe='')}"


def body_of(form: Form) -> Mapping[str, object]:
    """Write an attribute as the API takes it. Choices are lines, and nothing where there is nothing to choose.

    Raises:
        Problem: A field can't be read, or a choice has nothing to choose from.
    """
    kind = form.get("kind")
    choices = lines_of(form.get("choices")) if kind == "choice" else []
    if kind == "choice" and not choices:
        raise Problem(422, "invalid", "choices: a choice needs some", field="choices")
    return {
        "title": form.get("title"),
        "kind": kind,
        "choices": choices,
        "unit": form.get("unit"),
        "place": form.number("place") or 0,
        **{name: bool(form.get(name)) for name in _TICKS},
    }


def fields_of(attribute: AttributeView) -> Fields:
    """Return an attribute as the fields of its form."""
    return {
        "title": attribute.title,
        "kind": attribute.kind,
        "choices": "\n".join(attribute.choices),
        "unit": attribute.unit,
        "place": str(attribute.place),
        **{name: "yes" if getattr(attribute, name) else "" for name in _TICKS},
    }


def _typed(form: Form) -> Fields:
    return {name: form.get(name) for name in ("key", *FIELDS)}


PART: Final = PortalPart(
    screens=[Screen(path=_SCREEN, title="Attributes", group="goods", key="read_products")],
    routes=[attributes, change_attribute, confirm_removing_attribute],
)
