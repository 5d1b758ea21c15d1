"""Requests of pages to the shop's own API, in this process.

So a page can do what the API can, and nothing else: rights, limits, idempotency and refusals are those of the API, in
one place. A request goes to the routes themselves, past what is around them for strangers: the page's own request was
charged, checked for its origin and given its headers already.

Rejected: docs/decisions/0064.
"""

import re
from collections.abc import Sequence
from http.cookies import Morsel, SimpleCookie
from typing import TYPE_CHECKING, Final, Literal, TypeVar, cast
from urllib.parse import unquote

import msgspec
from litestar.datastructures import Cookie
from litestar.types import HTTPScope, Message, Receive, Scope

from gateway.context import Http, context_of
from gateway.idempotency import HEADER
from gateway.problems import Problem, ProblemDocument, document, not_found

if TYPE_CHECKING:
    from litestar.types import HTTPRequestEvent

T = TypeVar("T")

_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]*")  # Of forms: it goes into a header, and into a cookie.
_STAFF: Final = "staff"  # As gateway/access.py keeps whoever it has let in.
_OF_A_BODY: Final = ("content-type", "content-length", "transfer-encoding")
_PASSED_ON: Final = (b"cookie", b"user-agent", b"host", b"sec-fetch-site", b"origin", b"authorization")


class ApiAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the API. `headers` have their names in lower case."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def read(self, kind: type[T]) -> T:
        """Read the body as a view of the API."""
        return msgspec.json.decode(self.body, type=kind)

    def header(self, name: str) -> str:
        """Return the last header of this name, "" without one."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in reversed(self.headers) if key == wanted), "")

    @property
    def cookies(self) -> Sequence[Cookie]:
        """The cookies that it sets, for the page's answer to set."""
        set_by = [SimpleCookie(value.decode("latin-1")) for key, value in self.headers if key == b"set-cookie"]
        return [_cookie(each) for cookies in set_by for each in cookies.values()]


class Refused(Exception):
    """The API refuses a page's request, or tells of another address (301).

    Args:
        answer: The answer, whose body is a problem document.
    """

    def __init__(self, answer: ApiAnswer) -> None:
        self.answer = answer
        self.document = _document(answer)
        super().__init__(f"{answer.status} {self.document.code}: {self.document.detail}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.answer.status

    @property
    def is_denied(self) -> bool:
        """Whether it is about whoever asks, and not about what they sent: for a sign-in, or a page that says so."""
        return self.status in (401, 403)

    @property
    def code(self) -> str:
        """The stable code."""
        return self.document.code

    @property
    def field(self) -> str:
        """The name of the value at fault, "" if there is none."""
        return self.document.field


async def ask(
    request: Http,
    method: str,
    path: str,
    *,
    body: object = None,
    query: str = "",
    key: str = "",
    token: str = "",
    headers: Sequence[tuple[str, str]] = (),
) -> ApiAnswer:
    """Send a request to the API, as whoever asks for the page.

    Args:
        request: The page's own.
        method: GET, POST and so on.
        path: Already quoted where it holds what somebody has typed, which fills one segment and no more.
        body: Written as JSON; None for none.
        query: The query string, without its question mark.
        key: The idempotency key, if the route takes one.
        token: Shown as a bearer, instead of what the page's request shows.
        headers: Further ones, such as If-Match.

    Raises:
        Refused: The answer is an error, or tells of another address (301); or the path or the key can't be one.
    """
    _check(path, key)
    content = b"" if body is None else msgspec.json.encode(body)
    scope = _scope(request, method, path, query, content, [*headers, *_given(key, token)])
    known = request.scope["state"]
    if not token and (staff := known.get(_STAFF)) is not None:
        scope["state"][_STAFF] = staff  # Looked up for this page already: its other requests are of the same person.
    answer = await _answer(request, scope, _whole(content))
    if not token and (staff := scope["state"].get(_STAFF)) is not None:
        known[_STAFF] = staff
    if answer.status >= 300:
        raise Refused(answer)
    return answer


async def pass_on(request: Http, method: str, path: str, *, query: str = "") -> ApiAnswer:
    """Send a request to the API with the body of the page's own, such as a form with a file, piece by piece.

    Raises:
        Refused: As `ask`.
    """
    _check(path, "")
    kept = [(name, request.headers[name]) for name in _OF_A_BODY if name in request.headers]
    answer = await _answer(request, _scope(request, method, path, query, b"", kept), request.receive)
    if answer.status >= 300:
        raise Refused(answer)
    return answer


def _check(path: str, key: str) -> None:
    """Refuse what somebody has typed to reach another route: nothing at all, a slash, or dots, where a name belongs.

    The routes themselves would take `/sessions/` for `/sessions`: strangers' paths have one spelling before they come
    here (gateway/paths.py), and what forms bring has not.
    """
    names = [unquote(each) for each in path.split("/")[1:]]
    if any(name in ("", ".", "..") or "/" in name or "\0" in name for name in names):
        raise Refused(_refusal(not_found("thing")))
    if not _KEY.fullmatch(key):
        raise Refused(_refusal(Problem(422, "invalid", "key: is no key of a form", field="key")))


def _refusal(problem: Problem) -> ApiAnswer:
    return ApiAnswer(status=problem.status, headers=(), body=msgspec.json.encode(document(problem)))


def _whole(content: bytes) -> Receive:
    async def receive() -> "HTTPRequestEvent":
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


async def _answer(request: Http, scope: Scope, receive: Receive) -> ApiAnswer:
    start: Message | None = None
    parts = list[bytes]()

    async def send(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
        elif message["type"] == "http.response.body":
            parts.append(message["body"])

    await request.app(scope, receive, send)
    assert start is not None, "a route answers"
    assert start["type"] == "http.response.start"
    headers = [(name.lower(), value) for name, value in start["headers"]]
    return ApiAnswer(status=start["status"], headers=headers, body=b"".join(parts))


def _scope(
    request: Http, method: str, path: str, query: str, content: bytes, more: Sequence[tuple[str, str]]
) -> HTTPScope:
    own = request.scope
    given = {name.lower() for name, _ in more}
    headers = [each for each in own["headers"] if each[0] in _PASSED_ON and each[0].decode() not in given]
    headers += [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in more]
    if content:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    state = {"context": context_of(request.scope), "client_address": own["state"]["client_address"]}
    names = ("type", "asgi", "http_version", "scheme", "client", "server", "extensions")
    kept = {name: own[name] for name in names if name in own}  # type: ignore[literal-required] # Names of the scope.
    made = {
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "state": state,
    }
    return cast("HTTPScope", kept | made)


def _cookie(given: Morsel[str]) -> Cookie:
    return Cookie(
        key=given.key,
        value=given.value,
        path=given["path"] or "/",
        max_age=int(given["max-age"]) if given["max-age"] else None,
        secure=bool(given["secure"]),
        httponly=bool(given["httponly"]),
        samesite=cast("Literal['lax', 'strict', 'none']", str(given["samesite"] or "lax").lower()),
    )


def _given(key: str, token: str) -> list[tuple[str, str]]:
    return [*([(HEADER, key)] if key else []), *([("Authorization", f"Bearer {token}")] if token else [])]


def _document(answer: ApiAnswer) -> ProblemDocument:
    try:
        return answer.read(ProblemDocument)
    except msgspec.MsgspecError:
        return ProblemDocument(type="about:blank", title="", status=answer.status, code="error", detail="")
