"""Requests to a layer of the edge alone, without a server."""

from collections.abc import Mapping
from typing import NamedTuple, cast

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(app: ASGIApp, method: str = "GET", path: str = "/", headers: Mapping[str, str] | None = None) -> Answered:
    """Send one request without a body."""
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "state": {},
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return cast("Message", {"type": "http.request", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        sent.append(message)

    await app(cast("HTTPScope", scope), cast("Receive", receive), send)
    (start,) = (message for message in sent if message["type"] == "http.response.start")
    names = [(name.decode(), value.decode()) for name, value in start["headers"]]
    joined = {name: ", ".join(value for known, value in names if known == name) for name, _ in names}
    body = b"".join(message["body"] for message in sent if message["type"] == "http.response.body")
    return Answered(start["status"], joined, body)


def answering(body: bytes, *, status: int = 200, **headers: str) -> ASGIApp:
    """An application that always answers this, in pieces; `content_type=` is the header `content-type`."""
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    half = len(body) // 2

    async def serve(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        await send({"type": "http.response.body", "body": body[half:], "more_body": False})

    return serve
