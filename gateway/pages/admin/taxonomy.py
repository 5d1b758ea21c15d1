"""Categories, as a tree: added, moved, translated and removed."""

from typing import Final
from urllib.parse import quote

from litestar import Response, get, post

from bus.messages.base import new_id
from gateway.api.catalog.categories import EditedCategories
from gateway.api.catalog.wordings import WordingList
from gateway.context import Http, context_of
from gateway.pages.admin.matrix import slug_of
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.languages import languages

_API: Final = "/admin/api/categories"


@get("/admin/categories", include_in_schema=False)
async def categories(request: Http) -> Response[bytes]:
    """Show the tree; the category that the address names can be edited beside it."""
    return await _show(request)


async def _show(request: Http, *, refused: Refused | None = None) -> Response[bytes]:
    tree = (await ask(request, "GET", _API)).read(EditedCategories).items
    wanted = request.query_params.get("id", "")
    chosen = next((each for each in tree if each.id == wanted), None)
    texts = await ask(request, "GET", f"{_API}/{quote(chosen.id)}/translations") if chosen else None
    own = context_of(request.scope).language
    return await screen(
        request,
        "categories.html",
        refused=refused,
        tree=tree,
        chosen=chosen,
        translations={each.locale: each for each in texts.read(WordingList).items} if texts else {},
        others=[each for code, each in languages().items() if code != own],
    )


@post("/admin/categories", include_in_schema=False, guards=[own_forms_only])
async def change(request: Http) -> Response[bytes]:
    """Add a category, save or remove one, or translate it."""
    form = await read_form(request)
    which = form.get("id") or new_id("cat")
    step, _, locale = form.get("do").partition(" ")
    path = f"{_API}/{quote(which, safe='')}"
    try:
        if step == "remove":
            await ask(request, "DELETE", path)
        elif step == "translate":
            body = {name: form.get(name).replace("\r\n", "\n") for name in ("title", "description", "slug")}
            await ask(request, "PUT", f"{path}/translations/{quote(locale, safe='')}", body=body)
        else:
            await ask(request, "PUT", path, body=category_body(form))
    except Refused as refused:
        if refused.is_denied:
            raise
        return await _show(request, refused=refused)
    return see("/admin/categories" if step == "remove" else f"/admin/categories?id={quote(which, safe='')}")


def category_body(form: Form) -> dict[str, object]:
    """Write a category as the API takes it: its address is made of its title if nobody has typed one."""
    parent = form.get("parent")
    return {
        "title": form.get("title"),
        "slug": form.get("slug") or slug_of(form.get("title")),
        "description": form.get("description").replace("\r\n", "\n"),
        "place": form.number("place") or 0,
        **({"parent": parent} if parent else {}),
    }


PART = PortalPart(
    screens=[Screen(path="/admin/categories", title="Categories", group="goods", key="read_products")],
    routes=[categories, change],
)
