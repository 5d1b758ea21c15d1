"""Pages for people where nothing is, or is any more, or for the moment. Programs get a problem document."""

from typing import Final

from litestar import Request
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.answers import answer_messages
from gateway.context import GatewayContext, put_context
from gateway.pages.errors import error_page
from gateway.problems import MEDIA_TYPE

_CODES: Final = {404: "not_found", 410: "gone", 429: "too_many_requests", 503: "unavailable"}


def with_missing_page(app: ASGIApp, context: GatewayContext) -> ASGIApp:
    """Wrap an application so that a browser that looks for a page gets one, where there is none."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        is_read = scope["type"] == ScopeType.HTTP and scope["method"] == "GET"
        is_person = is_read and "text/html" in Headers.from_scope(scope).get("accept", "")
        await app(scope, receive, _with_page(scope, context, send) if is_person else send)

    return serve


def _with_page(scope: Scope, context: GatewayContext, send: Send) -> Send:
    is_replaced = False

    async def send_page(message: Message) -> None:
        nonlocal is_replaced
        if message["type"] == "http.response.start" and (code := _CODES.get(message["status"])):
            is_replaced = (b"content-type", MEDIA_TYPE.encode()) in message["headers"]
            if is_replaced:
                put_context(scope, context)
                page = error_page(Request(scope), message["status"], code)
                headers = [(name.lower().encode(), value.encode()) for name, value in page.headers.items()]
                headers.append((b"content-type", b"text/html; charset=utf-8"))
                for each in answer_messages(message["status"], page.content, headers):
                    await send(each)
        if not is_replaced:
            await send(message)

    return send_page
