"""Dead letters: messages that could not be handled, what they say, and trying them again."""

from typing import Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from bus.messages import words
from gateway.api.operations import DeadLetters
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, me_of, screen
from gateway.pages.forms import own_forms_only, read_form, see
from gateway.pages.inside import ask

PATH: Final = "/admin/letters"
_LIMIT: Final = 50


@get(PATH, include_in_schema=False)
async def letters(request: Http) -> Response[bytes]:
    """List messages that could not be handled, the oldest first."""
    await me_of(request)
    cursor = str(request.query_params.get("cursor", ""))[:20]
    query = urlencode({"limit": _LIMIT, **({"cursor": cursor} if cursor else {})})
    listed = (await ask(request, "GET", "/admin/api/dead-letters", query=query)).read(DeadLetters)
    shown = [(each, _pretty(each.message)) for each in listed.items]
    return await screen(request, "letters.html", letters=shown, next=listed.next, word_of=words.event)


@post("/admin/letters/{letter_id:int}/redrive", include_in_schema=False, guards=[own_forms_only])
async def redrive(request: Http, letter_id: FromPath[int]) -> Response[bytes]:
    """Handle a message again, as if it were new."""
    await read_form(request)
    await ask(request, "POST", f"/admin/api/dead-letters/{letter_id}/redrive")
    return see(PATH)


def _pretty(message: msgspec.Raw) -> str:
    return msgspec.json.format(bytes(message), indent=2).decode()


PART: Final = PortalPart(
    screens=[Screen(path=PATH, title="Dead letters", group="engine", key="read_settings", letter="d")],
    routes=[letters, redrive],
)
