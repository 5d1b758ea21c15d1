"""Dead letters: messages that could not be handled, what they say, and trying them again."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from bus.messages import words
from gateway.api.operations import DeadLetters, DeadLetterView
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, cursor_of, me_of, screen
from gateway.pages.forms import own_forms_only, own_path, read_form, see
from gateway.pages.inside import Refused, ask

PATH: Final = "/admin/letters"
_LIMIT: Final = 50


@get(PATH, include_in_schema=False)
async def letters(request: Http) -> Response[bytes]:
    """List messages that could not be handled, the oldest first."""
    await me_of(request)
    listed, shown = await letters_of(request)
    return await screen(request, "letters.html", letters=shown, next=listed.next, word_of=words.event)


async def letters_of(
    request: Http, *, actor: str = "", kind: str = ""
) -> tuple[DeadLetters, Sequence[tuple[DeadLetterView, str]]]:
    """Read a page of dead letters, each with its message as people read it.

    Args:
        request: Of the screen; its address names the page.
        actor: That could not handle them; "" for any.
        kind: The type of the messages; "" for any.
    """
    asked = {"actor": actor, "type": kind, "cursor": cursor_of(request), "limit": str(_LIMIT)}
    query = urlencode({name: value for name, value in asked.items() if value})
    listed = (await ask(request, "GET", "/admin/api/dead-letters", query=query)).read(DeadLetters)
    return listed, [(each, _pretty(each.message)) for each in listed.items]


@post("/admin/letters/{letter_id:int}/redrive", include_in_schema=False, guards=[own_forms_only])
async def redrive(request: Http, letter_id: FromPath[int]) -> Response[bytes]:
    """Handle a message again, as if it were new; it may be gone by now, which is as well."""
    form = await read_form(request)
    try:
        await ask(request, "POST", f"/admin/api/dead-letters/{letter_id}/redrive")
    except Refused as refused:
        if refused.status != 404:
            raise
    return see(own_path(form.get("back"), PATH))


def _pretty(message: msgspec.Raw) -> str:
    return msgspec.json.format(bytes(message), indent=2).decode()


PART: Final = PortalPart(
    screens=[Screen(path=PATH, title="Dead letters", group="engine", key="read_settings", letter="d")],
    routes=[letters, redrive],
)
