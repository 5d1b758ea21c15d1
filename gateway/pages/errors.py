"""Pages that say what went wrong, with a way on. Programs get problem documents instead (gateway/problems.py)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from litestar import Response
from litestar.exceptions import HTTPException

from bus.messages import words
from engine import telemetry
from engine.errors import BadInput, Conflict, Unavailable
from gateway.context import Http
from gateway.pages.forms import customer_sign_in_address, see, sign_in_address
from gateway.pages.inside import Refused
from gateway.pages.render import bare_page
from gateway.problems import Problem

_NEVER_KEPT: Final = {"Cache-Control": "no-store"}  # What went wrong once is no page to go back to.
_log = telemetry.logger(part="pages")


def moved(path: str) -> Response[bytes]:
    """Lead to the address that a page has now, for good."""
    return Response(b"", status_code=301, headers={"Location": path}, media_type="text/plain")


def _on_refused(request: Http, refused: Refused) -> Response[bytes]:
    return error_page(request, refused.status, refused.code)


def _on_problem(request: Http, problem: Problem) -> Response[bytes]:
    return error_page(request, problem.status, problem.code, problem.headers)


def _on_unavailable(request: Http, _error: Exception) -> Response[bytes]:
    return error_page(request, 503, "unavailable", {"Retry-After": "1"})


def _on_bad_input(request: Http, _error: Exception) -> Response[bytes]:
    return error_page(request, 422, "invalid")


def _on_http(request: Http, error: HTTPException) -> Response[bytes]:
    return error_page(request, error.status_code, "not_found" if error.status_code == 404 else "bad_request")


def _on_bug(request: Http, error: Exception) -> Response[bytes]:
    _log.error("a page failed", path=request.url.path, exc_info=error)
    return error_page(request, 500, "internal_error")


def error_page(request: Http, status: int, code: str, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """Show an error. It asks nothing of the shop, which may be what has failed."""
    shown = {"number": status, "code": code, "sentence": words.problem(code)}
    return bare_page(request, "error.html", status=status, headers=_NEVER_KEPT | dict(headers or {}), **shown)


HANDLERS: Final[dict[int | type[Exception], Callable[[Http, Any], Response[bytes]]]] = {
    Refused: _on_refused,
    Problem: _on_problem,
    BadInput: _on_bad_input,
    Unavailable: _on_unavailable,
    Conflict: _on_unavailable,
    HTTPException: _on_http,
    Exception: _on_bug,
}


def _on_staff_refused(request: Http, refused: Refused) -> Response[bytes]:
    if refused.code == "second_factor_required":  # Signed in, and may do nothing until there is one.
        return see("/admin/account")
    if refused.status == 401 or refused.code == "fresh_login_required":
        return see(sign_in_address(request))
    return _staff_error_page(request, refused.status, refused.code)


def _on_staff_problem(request: Http, problem: Problem) -> Response[bytes]:
    return _staff_error_page(request, problem.status, problem.code, problem.headers)


def _staff_error_page(
    request: Http, status: int, code: str, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    kept, sentence = _NEVER_KEPT | dict(headers or {}), words.problem(code)
    return bare_page(request, "admin/error.html", status=status, headers=kept, code=code, sentence=sentence)


STAFF_HANDLERS: Final[dict[int | type[Exception], Callable[[Http, Any], Response[bytes]]]] = {
    **HANDLERS,
    Refused: _on_staff_refused,
    Problem: _on_staff_problem,
}


def _on_customer_refused(request: Http, refused: Refused) -> Response[bytes]:
    if refused.code in ("unauthorized", "fresh_login_required"):
        is_again = refused.code == "fresh_login_required"
        return see(customer_sign_in_address(request, is_again=is_again))
    return _on_refused(request, refused)


CUSTOMER_HANDLERS: Final = {**HANDLERS, Refused: _on_customer_refused}
