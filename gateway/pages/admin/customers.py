"""Customers: the list, one with orders, addresses and consents, forgetting them, and the proofs of that."""

import asyncio
from typing import Final
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from gateway.api.order import OrderView
from gateway.api.people import CustomerDetail, CustomerList, ErasureList
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, me_of, read_if_allowed, screen
from gateway.pages.forms import fresh_sign_in_address, new_key, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask

PATH: Final = "/admin/customers"
_API: Final = "/admin/api/customers"
_LIMIT: Final = 50
_LONGEST: Final = 254
_MOST_ORDERS: Final = 20  # That are shown of one customer; the others are found in the list of orders.


@get(PATH, include_in_schema=False)
async def customers(request: Http) -> Response[bytes]:
    """List customers with an account, the newest first, or those who say all words of `q`."""
    await me_of(request)
    given = {name: str(request.query_params.get(name, "")).strip()[:_LONGEST] for name in ("q", "cursor")}
    query = urlencode({name: value for name, value in {**given, "limit": str(_LIMIT)}.items() if value})
    listed = (await ask(request, "GET", _API, query=query)).read(CustomerList)
    return await screen(request, "customers.html", listed=listed, given=given)


@get("/admin/customers/{customer_id:str}", include_in_schema=False)
async def customer(request: Http, customer_id: FromPath[str]) -> Response[bytes]:
    """Show a customer."""
    return await _customer(request, customer_id)


@post("/admin/customers/{customer_id:str}/erase", include_in_schema=False, guards=[own_forms_only])
async def erase(request: Http, customer_id: FromPath[str]) -> Response[bytes]:
    """Forget a customer. It takes a fresh sign-in, and the word that was asked for."""
    form = await read_form(request)
    here = f"{PATH}/{quote(customer_id, safe='')}"
    if not form.get("sure"):
        return see(here)
    try:
        await ask(request, "POST", f"{_API}/{quote(customer_id, safe='')}/erase", key=form.get("key"))
    except Refused as refused:
        if refused.code == "fresh_login_required":
            return see(fresh_sign_in_address(here))
        if refused.status in (401, 404):
            raise
        return await _customer(request, customer_id, refused)
    return see("/admin/erasures")


@get("/admin/erasures", include_in_schema=False)
async def erasures(request: Http) -> Response[bytes]:
    """List who is being forgotten, and the proofs of those who are."""
    await me_of(request)
    listed = (await ask(request, "GET", "/admin/api/erasures", query="limit=100")).read(ErasureList)
    return await screen(request, "erasures.html", listed=listed)


async def _customer(request: Http, customer_id: str, refused: Refused | None = None) -> Response[bytes]:
    await me_of(request)
    found = (await ask(request, "GET", f"{_API}/{quote(customer_id, safe='')}")).read(CustomerDetail)
    return await screen(
        request,
        "customer.html",
        refused=refused,
        found=found,
        orders=await _orders(request, found),
        key=new_key(),
    )


async def _orders(request: Http, found: CustomerDetail) -> list[OrderView]:
    """Read the customer's latest orders, as far as whoever asks may read orders."""
    if "read_orders" not in (await me_of(request)).keys:
        return []
    paths = [f"/orders/{quote(each, safe='')}" for each in found.orders[:_MOST_ORDERS]]
    read = await asyncio.gather(*(read_if_allowed(request, path, OrderView) for path in paths))
    return [each for each in read if each is not None]


PART: Final = PortalPart(
    screens=[
        Screen(path=PATH, title="Customers", group="people", key="read_customers", letter="c"),
        Screen(path="/admin/erasures", title="Forgotten people", group="people", key="read_customers"),
    ],
    routes=[customers, customer, erase, erasures],
)
