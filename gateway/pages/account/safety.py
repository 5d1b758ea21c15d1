"""Sessions, password, e-mail address and passkeys of a customer."""

from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath

from gateway.api.customer.sessions import SessionList
from gateway.api.passkeys import PasskeyList
from gateway.context import Http
from gateway.pages.account.place import account_page, without_own_cart
from gateway.pages.forms import own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask


@get("/account/safety", include_in_schema=False)
async def safety(request: Http) -> Response[bytes]:
    """Show what opens the account, and where it is open."""
    return await _page(request)


@post("/account/password", include_in_schema=False, guards=[own_forms_only])
async def change_password(request: Http) -> Response[bytes]:
    """Change the password, or set a first one. All other sessions end."""
    form = await read_form(request)
    present = {"present": form.get("present")} if form.get("present") else {}
    try:
        answer = await ask(request, "PUT", "/me/password", body={"password": form.get("password"), **present})
    except Refused as refused:
        return await _page(request, refused, "password")
    return see("/account/safety?done=password", cookies=answer.cookies)


@post("/account/email", include_in_schema=False, guards=[own_forms_only])
async def change_email(request: Http) -> Response[bytes]:
    """Send a code to a new address; with the code, take the address."""
    form = await read_form(request)
    email, code = form.get("email"), "".join(form.get("code").split())
    try:
        if code:
            answer = await ask(request, "POST", "/me/email/confirm", body={"email": email, "code": code})
            return see("/account/safety?done=email", cookies=answer.cookies)
        await ask(request, "POST", "/me/email", body={"email": email})
    except Refused as refused:
        return await _page(request, refused, "email", email if code else "")
    return await _page(request, None, "", email)


@post("/account/sessions/{session_id:str}/end", include_in_schema=False, guards=[own_forms_only])
async def end_session(request: Http, session_id: FromPath[str]) -> Response[bytes]:
    """End a session, wherever it is."""
    await ask(request, "DELETE", f"/me/sessions/{quote(session_id, safe='')}")
    return see("/account/safety")


@post("/account/sessions/end", include_in_schema=False, guards=[own_forms_only])
async def end_sessions(request: Http) -> Response[bytes]:
    """End all sessions, this one included."""
    taken = await without_own_cart(request)
    answer = await ask(request, "DELETE", "/me/sessions")
    return see("/account/sign-in", cookies=[*answer.cookies, *taken])


@post("/account/passkeys/{passkey_id:str}/remove", include_in_schema=False, guards=[own_forms_only])
async def remove_passkey(request: Http, passkey_id: FromPath[str]) -> Response[bytes]:
    """Remove a passkey."""
    await ask(request, "DELETE", f"/me/passkeys/{quote(passkey_id, safe='')}")
    return see("/account/safety")


async def _page(request: Http, refused: Refused | None = None, part: str = "", new_email: str = "") -> Response[bytes]:
    """Render the page. `part` is the form that was refused, `new_email` the address whose code is asked for."""
    if refused is not None and refused.code == "fresh_login_required":
        raise refused
    sessions = (await ask(request, "GET", "/me/sessions")).read(SessionList).items
    passkeys = (await ask(request, "GET", "/me/passkeys")).read(PasskeyList).items
    return await account_page(
        request,
        "safety.html",
        refused=refused,
        part=part,
        sessions=sessions,
        passkeys=passkeys,
        new_email=new_email,
        done=str(request.query_params.get("done", "")),
    )


ROUTES = [safety, change_password, change_email, end_session, end_sessions, remove_passkey]
