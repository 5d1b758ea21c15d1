"""Ways into an account: by password, by a code of a mail, by a passkey; registration; and the way out."""

from collections.abc import Mapping
from typing import Final

from litestar import Response, get, post

from gateway.api.customer.bodies import SessionMadeView
from gateway.context import Http
from gateway.pages.account.place import without_own_cart
from gateway.pages.forms import Form, own_forms_only, own_path, read_form, see
from gateway.pages.inside import ApiAnswer, Refused, ask
from gateway.pages.render import page
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import cart_cookie, cart_id_of, language_asked

_HOME: Final = "/account"


@get("/account/sign-in", include_in_schema=False)
async def sign_in_page(request: Http) -> Response[bytes]:
    """Offer the ways in."""
    return await _sign_in_page(request, _next_of(request))


@post("/account/sign-in", include_in_schema=False, guards=[own_forms_only])
async def sign_in(request: Http) -> Response[bytes]:
    """Sign in with a password."""
    form = await read_form(request)
    body = {"email": form.get("email"), "password": form.get("password"), **_cart(request)}
    try:
        answer = await ask(request, "POST", "/sessions", body=body)
    except Refused as refused:
        return await _sign_in_page(request, _next_in(form), refused, form.get("email"))
    return _entered(request, answer, _next_in(form))


@post("/account/code", include_in_schema=False, guards=[own_forms_only])
async def request_code(request: Http) -> Response[bytes]:
    """Send a code to an address, and ask for it."""
    form = await read_form(request)
    try:
        await ask(request, "POST", "/login-codes", body={"email": form.get("email")})
    except Refused as refused:
        return await _sign_in_page(request, _next_in(form), refused, form.get("email"))
    return await _code_page(request, form, "/account/code/enter")


@post("/account/code/enter", include_in_schema=False, guards=[own_forms_only])
async def enter_code(request: Http) -> Response[bytes]:
    """Sign in with the code of a mail."""
    return await _with_code(request, "/sessions/code", "/account/code/enter")


@get("/account/register", include_in_schema=False)
async def register_page(request: Http) -> Response[bytes]:
    """Ask who wants an account."""
    return await page(
        request, "account/register.html", next_path=_next_of(request), typed=Form({}), problem="", field=""
    )


@post("/account/register", include_in_schema=False, guards=[own_forms_only])
async def register(request: Http) -> Response[bytes]:
    """Ask for an account: a mail brings a code."""
    form, language = await read_form(request), language_asked(request)
    body = {name: form.get(name) for name in ("email", "password", "name")} | {"locale": language.code}
    try:
        answer = await ask(request, "POST", "/customers", body=body)
    except Refused as refused:
        problem = sentence_of(language, refused)
        return await page(
            request,
            "account/register.html",
            status=refused.status,
            next_path=_next_in(form),
            typed=form,
            problem=problem,
            field=refused.field,
        )
    return await _code_page(request, form, "/account/register/verify", answer=answer)


@post("/account/register/verify", include_in_schema=False, guards=[own_forms_only])
async def verify(request: Http) -> Response[bytes]:
    """Open the account that was asked for, with its code."""
    return await _with_code(request, "/customers/verify", "/account/register/verify")


@post("/account/sign-out", include_in_schema=False, guards=[own_forms_only])
async def sign_out(request: Http) -> Response[bytes]:
    """End the session of this browser."""
    taken = await without_own_cart(request)
    answer = await ask(request, "DELETE", "/sessions")
    return see("/", cookies=[*answer.cookies, *taken])


async def _with_code(request: Http, path: str, action: str) -> Response[bytes]:
    form = await read_form(request)
    code = "".join(form.get("code").split())
    try:
        answer = await ask(request, "POST", path, body={"email": form.get("email"), "code": code, **_cart(request)})
    except Refused as refused:
        return await _code_page(request, form, action, refused=refused)
    return _entered(request, answer, _next_in(form))


def _entered(request: Http, answer: ApiAnswer, next_path: str) -> Response[bytes]:
    """Go on as whoever has signed in, with the basket that is theirs now."""
    cart = answer.read(SessionMadeView).cart
    cookies = [*answer.cookies, *([cart_cookie(request, cart.id)] if cart else [])]
    return see(next_path, cookies=cookies)


async def _sign_in_page(
    request: Http, next_path: str, refused: Refused | None = None, email: str = ""
) -> Response[bytes]:
    problem = sentence_of(language_asked(request), refused) if refused else ""
    status = refused.status if refused else 200
    again = bool(request.query_params.get("again"))
    return await page(
        request,
        "account/sign_in.html",
        status=status,
        next_path=next_path,
        email=email,
        problem=problem,
        again=again,
        is_closing=bool(request.query_params.get("closing")),
    )


async def _code_page(
    request: Http, form: Form, action: str, *, answer: ApiAnswer | None = None, refused: Refused | None = None
) -> Response[bytes]:
    problem = sentence_of(language_asked(request), refused) if refused else ""
    return await page(
        request,
        "account/code.html",
        status=refused.status if refused else 200,
        cookies=answer.cookies if answer else (),
        action=action,
        email=form.get("email"),
        next_path=_next_in(form),
        problem=problem,
    )


def _cart(request: Http) -> Mapping[str, str]:
    cart_id = cart_id_of(request)
    return {"cart_id": cart_id} if cart_id else {}


def _next_of(request: Http) -> str:
    return own_path(request.query_params.get("next", ""), _HOME)


def _next_in(form: Form) -> str:
    return own_path(form.get("next"), _HOME)


ROUTES = [
    sign_in_page,
    sign_in,
    request_code,
    enter_code,
    register_page,
    register,
    verify,
    sign_out,
]
