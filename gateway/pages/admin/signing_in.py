"""Signing in and out of the admin portal."""

from litestar import Response, get, post

from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, bare_screen
from gateway.pages.forms import own_forms_only, own_path, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import language_asked


@get("/admin/sign-in", include_in_schema=False, sync_to_thread=False)
def sign_in_page(request: Http) -> Response[bytes]:
    """Ask who it is."""
    next_path = own_path(request.query_params.get("next", ""), "/admin")
    return _form(request, next_path, is_again=bool(request.query_params.get("fresh")))


@post("/admin/sign-in", include_in_schema=False, guards=[own_forms_only])
async def sign_in(request: Http) -> Response[bytes]:
    """Sign in by password, with a code by time or a recovery code where there is a second factor."""
    form = await read_form(request)
    next_path = own_path(form.get("next"), "/admin")
    code = form.get("code").replace(" ", "")
    factor = {"totp" if code.isdigit() else "recovery_code": code} if code else {}
    body = {"email": form.get("email"), "password": form.get("password"), **factor}
    try:
        answer = await ask(request, "POST", "/admin/api/sessions", body=body)
    except Refused as refused:
        return _form(request, next_path, refused=refused, email=form.get("email"))
    return see(next_path, cookies=answer.cookies)


@post("/admin/sign-out", include_in_schema=False, guards=[own_forms_only])
async def sign_out(request: Http) -> Response[bytes]:
    """End the session of this browser."""
    answer = await ask(request, "DELETE", "/admin/api/sessions")
    return see("/admin/sign-in", cookies=answer.cookies)


def _form(
    request: Http, next_path: str, *, refused: Refused | None = None, email: str = "", is_again: bool = False
) -> Response[bytes]:
    problem = sentence_of(language_asked(request), refused) if refused else ""
    wants_code = refused is not None and refused.code == "second_factor_required"
    status = refused.status if refused else 200
    return bare_screen(
        request,
        "sign_in.html",
        status=status,
        next_path=next_path,
        problem=problem,
        email=email,
        wants_code=wants_code,
        is_again=is_again,
    )


PART = PortalPart(screens=(), routes=(sign_in_page, sign_in, sign_out))
