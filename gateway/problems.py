"""Errors as RFC 9457 problem documents, each with a stable `code`."""

import math
from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from bus.messages import words
from engine import telemetry
from engine.errors import BadInput, Conflict, Unavailable
from gateway import invalid
from gateway.heads import with_head_in

MEDIA_TYPE: Final = "application/problem+json"
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
}
_log = telemetry.logger(part="gateway")


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document. `code` is stable. `field` names the value at fault, if there is one. A code may have further
    members.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str = ""


class Problem(Exception):
    """Answer with a problem document.

    Args:
        status: The HTTP status.
        code: Stable, for programs.
        detail: A sentence for people.
        headers: Sent with it.
        members: Further members of the document, for programs.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: object
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def not_found(what: str) -> Problem:
    """Make the 404 for a thing that does not exist, or that the caller may not see: the same answer for both."""
    return Problem(404, "not_found", f"There is no such {what}.")


def too_many(wait_s: float, detail: str) -> Problem:
    """Make the 429 that says when to retry."""
    return Problem(429, "too_many_requests", detail, headers={"Retry-After": str(max(1, math.ceil(wait_s)))})


def document(problem: Problem) -> dict[str, object]:
    """Return the problem as a document for JSON."""
    return {
        "type": "about:blank",
        "title": words.problem(problem.code),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.members,
    }


def _respond(problem: Problem) -> Response[bytes]:
    content = msgspec.json.encode(document(problem))
    return Response(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def _on_problem(_request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    return _respond(problem)


def _on_bad_input(_request: Request[Any, Any, Any], error: BadInput) -> Response[bytes]:
    return _respond(Problem(422, "invalid", str(error)))


def _on_unavailable(_request: Request[Any, Any, Any], error: Unavailable) -> Response[bytes]:
    """Answer 503 at once, with the time to retry after, while a service behind the edge is busy or away."""
    _log.info("answered 503", error=str(error))
    wait_s = math.ceil(error.retry_after_s or 1)
    return _respond(Problem(503, "unavailable", "Please try again soon.", headers={"Retry-After": str(wait_s)}))


def _on_conflict(request: Request[Any, Any, Any], error: Conflict) -> Response[bytes]:
    """Answer a request that has lost a race several times in a row."""
    return _on_unavailable(request, Unavailable("the shop", str(error)))


def _on_http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer a refusal of the framework: unknown routes, bodies that are too large or don't fit."""
    status, code = error.status_code, _CODES.get(error.status_code, "error")
    cause = error.__cause__
    why = cause.__cause__ if isinstance(cause, SerializationException) else None
    malformed = isinstance(why, msgspec.DecodeError) and not isinstance(why, msgspec.ValidationError)
    if isinstance(error, ValidationException) and _is_no_body(error):
        malformed = True
    if malformed:
        status, code = 400, "bad_json"
    elif isinstance(error, ValidationException) or isinstance(cause, SerializationException):
        status, code = 422, "invalid"
    headers = {name: with_head_in(value) if name == "allow" else value for name, value in (error.headers or {}).items()}
    field, detail = _fault_of(error, why)
    members = {"field": field} if field else {}
    return _respond(Problem(status, code, detail, headers=headers, **members))


def _on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Log a bug with its traceback, and hide its details from the caller."""
    _log.error("a request failed", method=request.method, path=request.url.path, exc_info=error)
    return _respond(Problem(500, "internal_error", "Something went wrong here; it has been noted."))


def _is_no_body(error: ValidationException) -> bool:
    extra = error.extra if isinstance(error.extra, list) else []
    return any(isinstance(item, dict) and item.get("message") == "'data'" for item in extra)


def _fault_of(error: HTTPException, cause: BaseException | None) -> tuple[str, str]:
    """Return the field at fault, "" if it is none, and a sentence about it."""
    if isinstance(cause, msgspec.ValidationError):
        field, what = invalid.parts(str(cause))
        return field, invalid.sentence(field, what)
    extra = error.extra if isinstance(error.extra, list) else []
    wrong = [(str(item.get("key", "")), str(item.get("message", ""))) for item in extra if isinstance(item, dict)]
    if wrong:
        return wrong[0][0], " ".join(invalid.sentence(*each) for each in wrong)
    return "", error.detail or words.problem("error")


HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[bytes]]] = {
    Problem: _on_problem,
    BadInput: _on_bad_input,
    Unavailable: _on_unavailable,
    Conflict: _on_conflict,
    HTTPException: _on_http,
    Exception: _on_bug,
}
