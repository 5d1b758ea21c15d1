"""Paths have one spelling each, and a bounded length: another one is not found.

`//metrics`, `/metrics/` and `/%6detrics` are no other names of `/metrics`: whoever forbids a path, in a proxy or in a
guard, must not be passed by another spelling of it. Source: RFC 3986, 6.2.2. A parameter of a path reaches handlers as
text, which has no bound of its own.
"""

import re
from typing import Final

from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.answers import problem_messages
from gateway.problems import not_found

# Empty segments, dot segments, a slash at the end; NUL; codes for letters, digits, `-._~` and `/`.
_ODD: Final = re.compile(rb"//|/\.{1,2}(?:/|$)|[^/]/$|%(?:00|2[DdEeFf]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])")
_LONGEST: Final = (
    2048  # Bytes. Two names of 64 characters, with three bytes for each of the four of a letter, are 1,536.
)


def with_one_spelling(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that it sees only paths in normal form that are not too long."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope["raw_path"]) > _LONGEST or _ODD.search(scope["raw_path"]):
            for message in problem_messages(not_found("page")):
                await send(message)
        else:
            await app(scope, receive, send)

    return serve
