"""One's own account at the portal: password, second factor, passkeys, sessions; and joining by an invitation."""

from urllib.parse import quote

from litestar import Response, get, post
from litestar.datastructures import Cookie

from gateway.api.passkeys import PasskeyList
from gateway.api.staff_me import MeView, RecoveryCodes, StaffSessions, TotpSecret
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, bare_screen, screen
from gateway.pages.forms import own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import language_asked

_ME = "/admin/api/me"


@get("/admin/join", include_in_schema=False, sync_to_thread=False)
def join(request: Http) -> Response[bytes]:
    """Show the page that an invitation leads to. Its token stands behind `#`, where only its script reads it."""
    return bare_screen(request, "join.html")


@get("/admin/account", include_in_schema=False)
async def account(request: Http) -> Response[bytes]:
    """Show one's own account."""
    return await _show(request)


async def _show(
    request: Http,
    *,
    refused: Refused | None = None,
    cookies: tuple[Cookie, ...] = (),
    secret: TotpSecret | None = None,
    codes: RecoveryCodes | None = None,
) -> Response[bytes]:
    me = (await ask(request, "GET", _ME)).read(MeView)
    return await screen(
        request,
        "account.html",
        status=refused.status if refused and refused.status != 401 else 422 if refused else 200,
        problem=sentence_of(language_asked(request), refused) if refused else "",
        cookies=cookies,
        who=me,
        secret=secret,
        picture=f"data:image/svg+xml,{quote(secret.svg)}" if secret else "",
        asks_code=secret is not None or (refused is not None and refused.code == "wrong_code"),
        codes=codes.recovery_codes if codes else (),
        passkeys=(await ask(request, "GET", f"{_ME}/passkeys")).read(PasskeyList).items,
        sessions=(await ask(request, "GET", f"{_ME}/sessions")).read(StaffSessions).items,
    )


@post("/admin/account/totp", include_in_schema=False, guards=[own_forms_only])
async def set_up_codes(request: Http) -> Response[bytes]:
    """Begin to set up codes by time; with a code of the app, ask for them from now on."""
    code = (await read_form(request)).get("code").replace(" ", "")
    if not code:
        begun = await ask(request, "POST", f"{_ME}/totp")
        return await _show(request, secret=begun.read(TotpSecret))
    try:
        kept = await ask(request, "PUT", f"{_ME}/totp", body={"code": code})
    except Refused as refused:
        if refused.code != "wrong_code":
            raise
        return await _show(request, refused=refused)
    return await _show(request, codes=kept.read(RecoveryCodes))


@post("/admin/account/password", include_in_schema=False, guards=[own_forms_only])
async def change_password(request: Http) -> Response[bytes]:
    """Change one's password: other sessions end, and this one goes on as a new one."""
    form = await read_form(request)
    body = {"password": form.get("password"), "new_password": form.get("new_password")}
    try:
        answer = await ask(request, "PUT", f"{_ME}/password", body=body)
    except Refused as refused:
        if refused.code not in ("bad_credentials", "password_refused"):
            raise
        return await _show(request, refused=refused)
    return see("/admin/account", cookies=answer.cookies)


@post("/admin/account/end", include_in_schema=False, guards=[own_forms_only])
async def end(request: Http) -> Response[bytes]:
    """End a session, or remove a passkey."""
    form = await read_form(request)
    kind, _, which = form.get("what").partition(" ")
    try:
        await ask(request, "DELETE", f"{_ME}/{'passkeys' if kind == 'passkey' else 'sessions'}/{quote(which, safe='')}")
    except Refused as refused:
        if refused.status != 404:
            raise
    return see("/admin/account")


PART = PortalPart(
    screens=[Screen(path="/admin/account", title="Your account", group="shop")],
    routes=[join, account, set_up_codes, change_password, end],
)
