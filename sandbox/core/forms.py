"""Bodies of the control's routes: JSON of a call, or the form of a button on the sandbox's page.

A button needs no script: it is answered with a redirect to the page. A form is taken from the sandbox's own page only.
"""

from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
from aiohttp import web

T = TypeVar("T", bound=msgspec.Struct)


def is_button(request: web.Request) -> bool:
    """Whether a request is a form's, and not a call's."""
    return request.content_type == "application/x-www-form-urlencoded"


async def read(request: web.Request, kind: type[T]) -> T:
    """Decode a body; an empty field of a form is one that was left as it was.

    Raises:
        web.HTTPUnprocessableEntity: It can't be decoded.
        web.HTTPForbidden: The form stands on another site's page.
    """
    body = await request.read()
    try:
        if not is_button(request):
            return msgspec.json.decode(body or b"{}", type=kind)
        if not _is_from_here(request):
            raise web.HTTPForbidden(text="Buttons work on the sandbox's own page only.")
        return msgspec.convert(dict(parse_qsl(body.decode())), kind, strict=False)
    except (ValueError, msgspec.ValidationError) as error:
        raise web.HTTPUnprocessableEntity(text=str(error)) from None


def _is_from_here(request: web.Request) -> bool:
    """Whether the request comes from no other site's page.

    The page's referrer policy makes browsers say `Origin: null`, so where they name the site they are believed first.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
