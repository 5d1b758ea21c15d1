"""Pages for people where nothing is, or is any more. Programs get a problem document."""

from functools import cache
from pathlib import Path
from typing import Final

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.answers import answer_messages
from gateway.problems import MEDIA_TYPE

_PAGE: Final = Path(__file__).parent / "pages" / "missing.html"
_POLICY: Final = b"default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def with_missing_page(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that a browser that looks for a page gets one, where there is none."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        is_read = scope["type"] == ScopeType.HTTP and scope["method"] == "GET"
        is_person = is_read and "text/html" in Headers.from_scope(scope).get("accept", "")
        await app(scope, receive, _with_page(send) if is_person else send)

    return serve


def _with_page(send: Send) -> Send:
    is_replaced = False

    async def send_page(message: Message) -> None:
        nonlocal is_replaced
        if message["type"] == "http.response.start" and message["status"] in (404, 410):
            is_replaced = (b"content-type", MEDIA_TYPE.encode()) in message["headers"]
            if is_replaced:
                headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", _POLICY)]
                for each in answer_messages(message["status"], _page(), headers):
                    await send(each)
        if not is_replaced:
            await send(message)

    return send_page


@cache
def _page() -> bytes:
    return _PAGE.read_bytes()
