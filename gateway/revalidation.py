"""Answers that are the same for everybody: browsers keep them, ask whether they are still right, and get them smaller.

An answer of JSON has the ETag of its route, if that has one; all others have one of their content. A client that has
the answer already gets a 304. What may not be stored anywhere (`Cache-Control: no-store`, see gateway/headers.py) is
left alone: it can hold secrets beside text that a stranger chose, and compressed together its length would tell of
them. Source: BREACH (Gluck, Harris, Prado, 2013).

Rejected: Litestar's compression, which makes a new file of the same bytes for each request, with the time in it, and
takes `gzip;q=0` for a yes; and its ETag for files, which changes with each installation.
"""

import gzip
import hashlib
import re
from functools import lru_cache
from typing import Final

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from gateway.answers import answer_messages

_MOST_BYTES: Final = 524_288  # Of an answer that is held back. A longer one is sent as it comes.
_WORTH_IT: Final = 860  # Bytes; less fits into one packet anyway.
_LEVEL: Final = 5  # Of gzip: nearly as small as its best, at a third of the time.
_KEPT: Final = 64  # Compressed answers: files, and the pages of the catalogue that are asked for most.
_TEXT: Final = re.compile(rb"text/|application/json|image/svg\+xml")
_VARY_OF_TEXTS: Final = b"Accept-Encoding, Accept-Language"  # Files and pictures have no language.
_NO_GZIP: Final = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


def with_revalidation(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that its storable answers to GET can be revalidated, and are compressed."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "GET":
            await app(scope, receive, _Revalidated(Headers.from_scope(scope), send))
        else:
            await app(scope, receive, send)

    return serve


class _Revalidated:
    """Holds a storable answer back until it is whole."""

    def __init__(self, asked: Headers, send: Send) -> None:
        self._asked = asked
        self._send = send
        self._start: HTTPResponseStartEvent | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_storable(message):
            message["headers"] = [*message["headers"], (b"vary", _vary(message))]
            self._start = message
        elif message["type"] != "http.response.body" or self._start is None:
            await self._send(message)
        else:
            self._body += message["body"]
            if not message.get("more_body"):
                for each in self._whole(self._start):
                    await self._send(each)
            elif len(self._body) > _MOST_BYTES:
                await self._send(self._start)
                await self._send({"type": "http.response.body", "body": self._body, "more_body": True})
                self._start = None

    def _whole(self, start: HTTPResponseStartEvent) -> list[Message]:
        body, given = self._body, list(start["headers"])
        known = dict(given)
        own = known.get(b"etag") if _is_json(start) else None
        etag = own or b'W/"%s"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()
        headers = [(name, value) for name, value in given if name not in (b"content-length", b"etag")]
        headers.append((b"etag", etag))
        if _has(self._asked.get("if-none-match", ""), etag.decode()):
            kept = [(name, value) for name, value in headers if name not in (b"content-type", b"content-disposition")]
            return list(answer_messages(304, b"", kept))
        if self._takes_gzip(known.get(b"content-type", b"")):
            body = _gzipped(body)
            headers.append((b"content-encoding", b"gzip"))
        return list(answer_messages(start["status"], body, headers))

    def _takes_gzip(self, content_type: bytes) -> bool:
        accepted = self._asked.get("accept-encoding", "").lower()
        is_text = len(self._body) >= _WORTH_IT and _TEXT.match(content_type)
        return bool(is_text) and "gzip" in accepted and not _NO_GZIP.search(accepted)


def _vary(start: HTTPResponseStartEvent) -> bytes:
    return _VARY_OF_TEXTS if _is_json(start) else b"Accept-Encoding"


def _is_json(start: HTTPResponseStartEvent) -> bool:
    return dict(start["headers"]).get(b"content-type", b"").startswith(b"application/json")


def _is_storable(start: HTTPResponseStartEvent) -> bool:
    headers = dict(start["headers"])
    return start["status"] == 200 and b"no-store" not in headers.get(b"cache-control", b"no-store")


def _has(if_none_match: str, etag: str) -> bool:
    """Whether a client has the answer already; compared weakly. Source: RFC 9110, 13.1.2."""
    names = {name.strip().removeprefix("W/") for name in if_none_match.split(",")}
    return bool(names & {"*", etag.removeprefix("W/")})


@lru_cache(_KEPT)
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)
