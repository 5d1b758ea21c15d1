"""Attributes: what a shop knows of its goods beyond their texts. Defined, changed and removed."""

from collections.abc import Mapping
from typing import Final, get_args
from urllib.parse import quote, urlencode

from litestar import Response, get, post

from bus.messages.attributes import AttributeKind
from gateway.api.catalog.definitions import AttributeList, AttributeView
from gateway.context import Http
from gateway.pages.admin.matrix import key_of
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


@get(_SCREEN, include_in_schema=False)
async def attributes(request: Http) -> Response[bytes]:
    """Show all attributes; the one that the address names can be edited beside them."""
    return await _show(request, str(request.query_params.get("key", "")))


async def _show(
    request: Http, key: str, *, form: Form | None = None, status: int = 200, problem: str = "", field: str = ""
) -> Response[bytes]:
    listed = (await ask(request, "GET", API)).read(AttributeList).items
    chosen = next((each for each in listed if each.key == key), None)
    own, new = (form, None) if chosen else (None, form)
    return await screen(
        request,
        "attributes.html",
        status=status,
        problem=problem,
        field=field,
        saved="saved" in request.query_params and not problem,
        listed=listed,
        chosen=chosen,
        fields=_typed(own) if own else _fields(chosen) if chosen else {},
        new=_typed(new or Form({"kind": ["text"]})),
        kinds=_KINDS,
    )


@post(_SCREEN, include_in_schema=False, guards=[own_forms_only])
async def change_attribute(request: Http) -> Response[bytes]:
    """Add an attribute, save or remove one."""
    form, language = await read_form(request), language_asked(request)
    key = form.get("key")
    try:
        shown = await _do(request, form)
    except (Refused, Problem) as why:
        said, status, field = said_again(language, why)
        if isinstance(why, Problem) and field == "choices":
            said = language.say("A choice needs something to choose from.")
    else:
        return see(f"{_SCREEN}?{urlencode({'key': shown, 'saved': 1})}")
    is_new = form.get("do") == "add"
    return await _show(request, "" if is_new else key, form=form, status=status, problem=said, field=field)


async def _do(request: Http, form: Form) -> str:
    """Do what a form says; return the key of the attribute to show next, "" for none."""
    key = form.get("key")
    match form.get("do"):
        case "add":
            key = key or key_of(form.get("title"), "attribute")
            await ask(request, "POST", API, body={"key": key, **body_of(form)})
        case "remove":
            await ask(request, "DELETE", f"{API}/{quote(key, safe='')}")
            return ""
        case _:
            await ask(request, "PUT", f"{API}/{quote(key, safe='')}", body=body_of(form))
    return key


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


def _fields(attribute: AttributeView) -> Mapping[str, str]:
    return {
        "key": attribute.key,
        "title": attribute.title,
        "kind": attribute.kind,
        "choices": "\n".join(attribute.choices),
        "unit": attribute.unit,
        "place": str(attribute.place),
        **{name: "yes" if getattr(attribute, name) else "" for name in _TICKS},
    }


def _typed(form: Form) -> Mapping[str, str]:
    return {name: form.get(name) for name in ("key", "title", "kind", "choices", "unit", "place", *_TICKS)}


PART: Final = PortalPart(
    screens=[Screen(path=_SCREEN, title="Attributes", group="goods", key="read_products")],
    routes=[attributes, change_attribute],
)
