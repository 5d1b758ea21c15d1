"""Answers of the layers below the routes, as ASGI messages, or as they are sent where there is no application."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar.types import Message
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.problems import Problem, document

_WITHOUT_CONTENT: Final = (204, 304)


def problem_messages(problem: Problem) -> Sequence[Message]:
    """Answer with a problem document."""
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    content = msgspec.json.encode(document(problem))
    return answer_messages(problem.status, content, [(b"content-type", b"application/problem+json"), *headers])


def answer_messages(status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> Sequence[Message]:
    """Answer with a body of known length."""
    if status not in _WITHOUT_CONTENT:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    return [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body, "more_body": False},
    ]


def problem_bytes(problem: Problem, always: bytes, *, closes: bool = True) -> bytes:
    """Write a problem as a whole answer; `always` are the lines of the headers of every answer."""
    body = msgspec.json.encode(document(problem))
    headers = {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        **({"connection": "close"} if closes else {}),
        **problem.headers,
    }
    lines = [f"{name.lower()}: {value}\r\n".encode() for name, value in headers.items()]
    return b"".join([STATUS_LINE[problem.status], *lines, always, b"\r\n", body])
