"""Forms that pages send: read with bounds, guarded against pages of other sites, answered with a redirect (303)."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec
from litestar import Response
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from gateway.context import AnyConnection, Http
from gateway.problems import Problem
from gateway.same_site import check_origin

MOST_FIELDS: Final = 200
MOST_BYTES: Final = 65_536
_FORM: Final = "application/x-www-form-urlencoded"
_LONGEST_PATH: Final = 2048
_OF_ADDRESSES: Final = (
    "/?#&=%+:;,@!$'()*~[]"  # Characters that stay as they are in an address; letters beyond ASCII don't.
)


class Form(msgspec.Struct, frozen=True):
    """The fields of a form, each with its values in order. A field that was not sent reads as ""."""

    fields: Mapping[str, Sequence[str]]

    def get(self, name: str) -> str:
        """Return the value of a field without space around it; the last one, if there are several."""
        values = self.fields.get(name)
        return values[-1].strip() if values else ""

    def all(self, name: str) -> Sequence[str]:
        """Return all values of a field."""
        return self.fields.get(name, ())

    def number(self, name: str) -> int | None:
        """Return a field as a whole number; None if it is empty.

        Raises:
            Problem: It is no number that a shop can have.
        """
        text = self.get(name)
        if not text:
            return None
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) <= 16):
            raise Problem(422, "invalid", f"{name}: must be a whole number", field=name)
        return int(text)


async def read_form(request: Http, *, most_fields: int = MOST_FIELDS, most_bytes: int = MOST_BYTES) -> Form:
    """Read a form from the request's body.

    Args:
        request: The request.
        most_fields: Fields that it may have, more only for tables.
        most_bytes: Bytes that it may have.

    Raises:
        Problem: It is too large, has too many fields, or is no form.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in ("", _FORM):
        raise Problem(415, "unsupported_media_type", "The body must be a form.")
    body = await request.body()
    if len(body) > most_bytes:
        raise Problem(413, "body_too_large", f"At most {most_bytes} bytes.")
    if body.count(b"&") >= most_fields:
        raise Problem(413, "body_too_large", f"At most {most_fields} fields.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise Problem(422, "invalid", "This form can't be read.") from error
    fields = dict[str, list[str]]()
    for name, value in pairs:
        if "\0" in value:
            raise Problem(422, "invalid", "texts can't have NUL characters", field=name)
        fields.setdefault(name, []).append(value)
    return Form(fields)


def own_forms_only(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Guard a page: a form that a page of another site sends has no effect. Source: gateway/same_site.py."""
    check_origin(connection, takes_files=True)


def see(path: str, *, cookies: Sequence[Cookie] = ()) -> Response[bytes]:
    """Answer a form: the browser goes on to a path of the shop."""
    headers = {"Location": quote(path, safe=_OF_ADDRESSES), "Cache-Control": "no-store"}
    return Response(b"", status_code=303, headers=headers, cookies=list(cookies), media_type="text/plain")


def own_path(text: str, default: str = "/") -> str:
    """Return a path of this shop to go back to; the default for what may lead elsewhere. Source: OWASP, "Unvalidated
    Redirects and Forwards".
    """
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and len(text) <= _LONGEST_PATH
    return text if is_own and text.isprintable() and " " not in text else default


def sign_in_address(request: Http) -> str:
    """Return where staff sign in, and come back from."""
    return f"/admin/sign-in?next={_way_back(request, '/admin')}"


def fresh_sign_in_address(path: str) -> str:
    """Return where staff who are signed in sign in once more, and go on from to a path of the portal."""
    return f"/admin/sign-in?{urlencode({'next': path, 'fresh': 1})}"


def customer_sign_in_address(request: Http, *, is_again: bool) -> str:
    """Return where a customer signs in, and comes back from.

    Args:
        request: Of the page that asks for it.
        is_again: Whether they are signed in, but not just now.
    """
    return f"/account/sign-in?next={_way_back(request, '/account')}{'&again=1' if is_again else ''}"


def _way_back(request: Http, home: str) -> str:
    """Return the page to come back to, quoted: a form is not sent again by itself."""
    if request.method != "GET":
        return quote(own_path(_referred(request), home), safe="")
    query = str(request.url.query)
    return quote(f"{request.url.path}?{query}" if query else request.url.path, safe="")


def _referred(request: Http) -> str:
    """Return the path of the page that a form was on, as the browser says."""
    sent_from = urlsplit(request.headers.get("referer", ""))
    return sent_from.path if sent_from.netloc == request.headers.get("host", "") else ""


def is_swap(request: Http) -> bool:
    """Whether a script asks, which takes a part of the page (static/swap.js)."""
    return "x-swap" in request.headers


def new_key() -> str:
    """Make an idempotency key for a form, as its hidden field: sent twice, it is done once."""
    return secrets.token_urlsafe(18)
