"""Products: the table, with prices to type in and steps for many at once; and a new one."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args
from urllib.parse import quote, urlencode

from litestar import Response, get, post

from bus.messages.catalog import Sort, Status
from gateway.api.catalog.categories import EditedCategories
from gateway.api.catalog.edits import EditedList, EditedProduct, EditedSummary
from gateway.context import Http, context_of
from gateway.pages.admin.matrix import all_skus, options_of, sku_json, sku_name, slug_of
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.forms import Form, new_key, own_forms_only, own_path, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import sentence_of
from gateway.pages.typed import amount_of
from gateway.pages.visitor import language_asked
from gateway.problems import Problem

API: Final = "/admin/api/products"
_LIMIT: Final = 50
_MOST_AT_ONCE: Final = 100  # Products that one form changes.
_SORTS: Final = get_args(Sort)
_STATUSES: Final = get_args(Status)


@get("/admin/products", include_in_schema=False)
async def products(request: Http) -> Response[bytes]:
    """List products, also those that buyers don't see, as the address says."""
    return await _list(request)


async def _list(request: Http, *, status: int = 200, problem: str = "") -> Response[bytes]:
    asked = _asked(request)
    query = urlencode({name: value for name, value in {**asked, "limit": str(_LIMIT)}.items() if value})
    listed = (await ask(request, "GET", API, query=query)).read(EditedList)
    categories = (await ask(request, "GET", "/admin/api/categories")).read(EditedCategories).items
    next_page = urlencode({name: value for name, value in {**asked, "cursor": listed.next or ""}.items() if value})
    return await screen(
        request,
        "products.html",
        status=status,
        problem=problem,
        listed=listed,
        asked=asked,
        categories=categories,
        statuses=_STATUSES,
        sorts=_SORTS,
        lacks={product.id: lacks(product) for product in listed.items},
        next_page=f"?{next_page}" if listed.next else "",
        done=_number(request.query_params.get("done", "")),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _asked(request: Http) -> Mapping[str, str]:
    given = {name: str(request.query_params.get(name, ""))[:200] for name in ("q", "category", "cursor")}
    status, sort = str(request.query_params.get("status", "")), str(request.query_params.get("sort", ""))
    return {**given, "status": status if status in _STATUSES else "", "sort": sort if sort in _SORTS else ""}


def lacks(product: EditedSummary) -> Sequence[str]:
    """Return what a product in a list lacks to be sold well: names of the template's words."""
    found = {"picture": product.image is None, "stock": product.available <= 0}
    return [name for name, is_missing in found.items() if is_missing]


@post("/admin/products/bulk", include_in_schema=False, guards=[own_forms_only])
async def change_many(request: Http) -> Response[bytes]:
    """Publish, hide or move the products that are ticked. Those that can't be are named; the others are done."""
    form = await read_form(request, most_fields=_MOST_AT_ONCE + 10)
    refused, done = list[tuple[str, Refused]](), 0
    for product_id in dict.fromkeys(form.all("id")):
        try:
            await _change(request, product_id, form)
            done += 1
        except Refused as one:
            if one.is_denied:
                raise
            refused.append((product_id, one))
    if refused:
        language = language_asked(request)
        said = " ".join(f"{product_id}: {sentence_of(language, one)}" for product_id, one in refused)
        return await _list(request, status=refused[0][1].status, problem=said)
    return see(_with_done(own_path(form.get("back"), "/admin/products"), done))


def _with_done(path: str, done: int) -> str:
    return f"{path}{'&' if '?' in path else '?'}done={done}"


async def _change(request: Http, product_id: str, form: Form) -> None:
    path = f"{API}/{quote(product_id, safe='')}"
    match form.get("do"):
        case "publish":
            await ask(request, "POST", f"{path}/publish")
        case "hide":
            await ask(request, "PATCH", path, body={"status": "draft"})
        case "move" if form.get("to"):
            await ask(request, "PATCH", path, body={"categories": [form.get("to")]})
        case _:
            raise Problem(422, "invalid", "do: must be publish, hide or move", field="do")


@post("/admin/products/price", include_in_schema=False, guards=[own_forms_only])
async def set_price(request: Http) -> Response[bytes]:
    """Set the price of a product that has one SKU, from the table."""
    form = await read_form(request)
    path = f"{API}/{quote(form.get('id'), safe='')}"
    language = language_asked(request)
    try:
        product = (await ask(request, "GET", path)).read(EditedProduct)
        (sku,) = all_skus(product)[:1]
        price = amount_of(form.get("price"), sku.price.currency, "price")
        body = {"skus": [sku_json(sku, on_sale=bool(product.skus), price=price)]}
        await ask(request, "PATCH", path, body=body, headers=[("If-Match", f'"{form.number("revision") or 0}"')])
    except Refused as refused:
        if refused.is_denied:
            raise
        return await _list(request, status=refused.status, problem=sentence_of(language, refused))
    except Problem as problem:
        return await _list(request, status=problem.status, problem=language.say("This is no price: 11.50 is one."))
    return see(_with_done(own_path(form.get("back"), "/admin/products"), 1))


# --- A new one ---


@get("/admin/products/new", include_in_schema=False)
async def new_product(request: Http) -> Response[bytes]:
    """Ask for a new product, all on one screen."""
    return await _form(request, Form({}))


@post("/admin/products/new", include_in_schema=False, guards=[own_forms_only])
async def create_product(request: Http) -> Response[bytes]:
    """Add a product; its pictures come next, on its own page."""
    form = await read_form(request)
    language = language_asked(request)
    try:
        body = new_body(form, context_of(request.scope).currency)
        made = (await ask(request, "POST", API, body=body)).read(EditedProduct)
    except Refused as refused:
        if refused.status == 401:
            raise
        return await _form(
            request, form, status=refused.status, problem=sentence_of(language, refused), field=refused.field
        )
    except Problem as problem:
        field = str(problem.members.get("field", ""))
        said = language.say("Please look at this field again.")
        return await _form(request, form, status=problem.status, problem=said, field=field)
    return see(f"/admin/products/{quote(made.id)}#pictures")


async def _form(request: Http, form: Form, *, status: int = 200, problem: str = "", field: str = "") -> Response[bytes]:
    categories = (await ask(request, "GET", "/admin/api/categories")).read(EditedCategories).items
    return await screen(
        request,
        "product_new.html",
        status=status,
        problem=problem,
        field=field.rpartition(".")[2],
        form=form,
        categories=categories,
        currency=context_of(request.scope).currency,
        key=new_key(),
    )


def new_body(form: Form, currency: str) -> Mapping[str, object]:
    """Write a new product as the API takes it: an id and an address are made of its title if nobody has typed them.

    Raises:
        Problem: A field can't be read.
    """
    title, options = form.get("title"), options_of(form.get("options"))
    product_id = form.get("id") or sku_name(title)
    price = amount_of(form.get("price"), currency, "price")
    weight = form.number("weight_g")
    if not weight:
        raise Problem(422, "invalid", "weight_g: is needed to ship it", field="weight_g")
    combinations: list[tuple[str, ...]] = [()]
    for _, values in options:
        combinations = [(*before, value) for before in combinations for value in values]
    return {
        "id": product_id,
        "slug": form.get("slug") or slug_of(title),
        "title": title,
        "category": form.get("new_category") or "General",
        "categories": [form.get("category")] if form.get("category") and not form.get("new_category") else [],
        "description": form.get("description").replace("\r\n", "\n"),
        "status": "active" if form.get("status") == "active" else "draft",
        "options": [{"name": name, "values": list(values)} for name, values in options],
        "skus": [
            {"sku": sku_name(product_id, *values), "price": price, "weight_g": weight, "options": list(values)}
            for values in combinations
        ],
    }


PART = PortalPart(
    screens=[Screen(path="/admin/products", title="Products", group="goods", key="read_products", letter="p")],
    routes=[products, change_many, set_price, new_product, create_product],
)
