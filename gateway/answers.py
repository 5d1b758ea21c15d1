"""Answers of the layers below the routes, as ASGI messages."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar.types import Message

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
