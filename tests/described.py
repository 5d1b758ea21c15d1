"""Refusals of the API in any test, held to what /openapi.json says of their routes."""

from typing import Any

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from gateway import problems
from gateway.idempotency import takes_key
from gateway.openapi import codes_of
from gateway.problems import Problem

_answer = problems.HANDLERS[Problem]
_undescribed: set[str] = set()


def watch() -> None:
    """Note each refusal whose route is not described to give it. To be called before routes are made."""
    problems.HANDLERS[Problem] = _note


def take_undescribed() -> list[str]:
    """Return what was noted since the last call."""
    noted = sorted(_undescribed)
    _undescribed.clear()
    return noted


def _note(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    handler = request.scope.get("route_handler")
    if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema():
        path = request.scope["path_template"]
        if problem.code not in codes_of(handler, has_key=takes_key(request.method, path)):
            _undescribed.add(f"{request.method} {path}: {problem.code}")
    return _answer(request, problem)
