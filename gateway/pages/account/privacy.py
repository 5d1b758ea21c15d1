"""Consents of a customer, a copy of all that is kept of them, and the end of their account."""

from typing import Final

from litestar import Response, get, post

from gateway.api.customer.account import ConsentList
from gateway.context import Http
from gateway.pages.account.place import account_page, without_own_cart
from gateway.pages.forms import own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask

# The text that a customer reads beside each box. It changes with that text: a consent is to a version of it.
TEXT_VERSION: Final = "1"
PURPOSES: Final = ("newsletter", "statistics", "personalisation", "review_requests")


@get("/account/privacy", include_in_schema=False)
async def privacy(request: Http) -> Response[bytes]:
    """Show what the customer has agreed to, and offer their data."""
    return await _page(request)


@post("/account/consents", include_in_schema=False, guards=[own_forms_only])
async def consent(request: Http) -> Response[bytes]:
    """Agree to a purpose, or withdraw."""
    form = await read_form(request)
    body = {"purpose": form.get("purpose"), "given": form.get("given") == "yes", "text_version": TEXT_VERSION}
    try:
        await ask(request, "POST", "/me/consents", body=body)
    except Refused as refused:
        return await _page(request, refused)
    return see("/account/privacy")


@get("/account/export", include_in_schema=False)
async def export(request: Http) -> Response[bytes]:
    """Hand over a ZIP with all that is kept."""
    answer = await ask(request, "GET", "/me/export")
    headers = {name: answer.header(name) for name in ("Content-Disposition", "Content-Type")}
    return Response(answer.body, headers={**headers, "Cache-Control": "no-store"})


@post("/account/close", include_in_schema=False, guards=[own_forms_only])
async def close(request: Http) -> Response[bytes]:
    """Close the account, in 30 days."""
    form = await read_form(request)
    body = {"password": form.get("password")} if form.get("password") else {}
    taken = await without_own_cart(request)
    try:
        answer = await ask(request, "DELETE", "/me", body=body)
    except Refused as refused:
        return await _page(request, refused)
    return see("/account/sign-in?closing=1", cookies=[*answer.cookies, *taken])


async def _page(request: Http, refused: Refused | None = None) -> Response[bytes]:
    listed = (await ask(request, "GET", "/me/consents")).read(ConsentList).items
    given = {each.purpose: each for each in reversed(listed)}  # The newest one counts.
    return await account_page(request, "privacy.html", refused=refused, given=given, purposes=PURPOSES)


ROUTES = [privacy, consent, export, close]
