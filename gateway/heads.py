"""HEAD wherever GET is: the same headers, without the content. Source: RFC 9110, 9.3.2."""

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, HTTPResponseBodyEvent, Message, Receive, Scope, Send


def with_head(app: ASGIApp) -> ASGIApp:
    """Wrap an application that answers GET so that it answers HEAD, and names HEAD wherever it names GET."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] not in ("HEAD", "OPTIONS"):
            await app(scope, receive, send)
        elif scope["method"] == "HEAD":
            as_get = scope.copy()
            as_get["method"] = HttpMethod.GET
            await app(as_get, receive, _without_content(send))
        else:
            await app(scope, receive, _with_head_allowed(send))

    return serve


def _without_content(send: Send) -> Send:
    """Send the head of an answer and nothing else. A stream ends by itself then: its client counts as gone."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            end: HTTPResponseBodyEvent = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(end)

    return send_head


def _with_head_allowed(send: Send) -> Send:
    async def send_allowed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                (name, with_head_in(value.decode()).encode() if name == b"allow" else value)
                for name, value in message["headers"]
            ]
        await send(message)

    return send_allowed


def with_head_in(methods: str) -> str:
    """Write an Allow header that names HEAD wherever it names GET."""
    names = {name.strip() for name in methods.split(",")}
    return ", ".join(sorted(names | {"HEAD"} if "GET" in names else names))
