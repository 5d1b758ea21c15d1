"""Name, phone and addresses of a customer."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath

from gateway.api.customer.addresses import SavedAddressList
from gateway.buyers import COUNTRIES
from gateway.context import Http
from gateway.pages.account.place import account_page
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask

_PLACE: Final = ("line1", "line2", "postal_code", "city", "region", "country")


@get("/account/details", include_in_schema=False)
async def details(request: Http) -> Response[bytes]:
    """Show name and phone."""
    return await account_page(request, "details.html", typed=None, is_saved="done" in request.query_params)


@post("/account/details", include_in_schema=False, guards=[own_forms_only])
async def change_details(request: Http) -> Response[bytes]:
    """Change name and phone."""
    form = await read_form(request)
    try:
        await ask(request, "PATCH", "/me", body={"name": form.get("name"), "phone": form.get("phone")})
    except Refused as refused:
        return await account_page(request, "details.html", refused=refused, typed=form, is_saved=False)
    return see("/account/details?done=1")


@get("/account/addresses", include_in_schema=False)
async def addresses(request: Http) -> Response[bytes]:
    """List the saved addresses, with a form for another one, or for the one that is being changed."""
    return await _addresses(request, chosen=str(request.query_params.get("change", ""))[:64])


@post("/account/addresses", include_in_schema=False, guards=[own_forms_only])
async def save_address(request: Http) -> Response[bytes]:
    """Save an address: a new one, or the one whose id the form has."""
    form = await read_form(request)
    known = form.get("id")
    method, path = ("PUT", f"/me/addresses/{quote(known, safe='')}") if known else ("POST", "/me/addresses")
    try:
        await ask(request, method, path, body=_body(form), key=form.get("key"))
    except Refused as refused:
        return await _addresses(request, chosen=known, refused=refused, typed=form)
    return see("/account/addresses")


@post("/account/addresses/{address_id:str}/remove", include_in_schema=False, guards=[own_forms_only])
async def remove_address(request: Http, address_id: FromPath[str]) -> Response[bytes]:
    """Remove an address."""
    await ask(request, "DELETE", f"/me/addresses/{quote(address_id, safe='')}")
    return see("/account/addresses")


async def _addresses(
    request: Http, *, chosen: str, refused: Refused | None = None, typed: Form | None = None
) -> Response[bytes]:
    saved = (await ask(request, "GET", "/me/addresses")).read(SavedAddressList).items
    known = next((each for each in saved if each.id == chosen), None)
    return await account_page(
        request, "addresses.html", refused=refused, saved=saved, known=known, typed=typed, countries=COUNTRIES
    )


def _body(form: Form) -> Mapping[str, object]:
    return {
        "name": form.get("name"),
        "phone": form.get("phone"),
        "address": {name: form.get(name) for name in _PLACE},
        "default": bool(form.get("default")),
    }


ROUTES = [details, change_details, addresses, save_address, remove_address]
