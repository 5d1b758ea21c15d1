"""The pages that links of mails about accounts lead to, and the one that asks for such a mail.

A link's token stands behind `#`, which no server gets and no log has: a script puts it into the form. Opening a link
does nothing; its button does.
"""

from urllib.parse import quote

from litestar import Response, get, post

from gateway.context import Http
from gateway.pages.forms import own_forms_only, read_form
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import language_asked


@get("/account/forgot", include_in_schema=False)
async def forgot_page(request: Http) -> Response[bytes]:
    """Ask for the address of who has forgotten the password."""
    return await page(request, "account/forgot.html", email="", problem="", is_sent=False)


@post("/account/forgot", include_in_schema=False, guards=[own_forms_only])
async def forgot(request: Http) -> Response[bytes]:
    """Send a mail with a link. The answer is the same for addresses that have no account."""
    form = await read_form(request)
    problem, status = "", 200
    try:
        await ask(request, "POST", "/password-resets", body={"email": form.get("email")})
    except Refused as refused:
        problem, status = sentence_of(language_asked(request), refused), refused.status
    return await page(
        request,
        "account/forgot.html",
        status=status,
        email=form.get("email"),
        problem=problem,
        is_sent=not problem,
    )


@get("/account/reset", include_in_schema=False)
async def reset_page(request: Http) -> Response[bytes]:
    """Ask for a new password."""
    return await _link_page(request, "account/reset.html")


@post("/account/reset", include_in_schema=False, guards=[own_forms_only])
async def reset(request: Http) -> Response[bytes]:
    """Set a new password, with the token of a link."""
    form = await read_form(request)
    path = f"/password-resets/{quote(form.get('token') or '-', safe='')}"
    try:
        await ask(request, "PUT", path, body={"password": form.get("password")})
    except Refused as refused:
        return await _link_page(request, "account/reset.html", refused, form.get("token"))
    return await _link_page(request, "account/reset.html", is_done=True)


@get("/account/undo", include_in_schema=False)
async def undo_page(request: Http) -> Response[bytes]:
    """Ask whether an address is to be taken back."""
    return await _link_page(request, "account/undo.html")


@post("/account/undo", include_in_schema=False, guards=[own_forms_only])
async def undo(request: Http) -> Response[bytes]:
    """Take an address back, with the token of a link."""
    form = await read_form(request)
    try:
        await ask(request, "POST", "/email-undo", body={"token": form.get("token") or "-"})
    except Refused as refused:
        return await _link_page(request, "account/undo.html", refused, form.get("token"))
    return await _link_page(request, "account/undo.html", is_done=True)


async def _link_page(
    request: Http, template: str, refused: Refused | None = None, token: str = "", *, is_done: bool = False
) -> Response[bytes]:
    problem = sentence_of(language_asked(request), refused) if refused else ""
    return await page(
        request,
        template,
        status=refused.status if refused else 200,
        headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
        problem=problem,
        token=token,
        is_done=is_done,
    )


ROUTES = [forgot_page, forgot, reset_page, reset, undo_page, undo]
