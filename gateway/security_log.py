"""The security log: lines of the log with `part=security` that say who did what to what.

They hold no secrets: members of staff are named by the id and label of their token. Each change that staff ask for is
one line, whatever route it goes to.
"""

from litestar.enums import ScopeType
from litestar.types import Message, Scope

from engine import telemetry

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_log = telemetry.logger(part="security")


def note(event: str, *, about: str, **details: str | int) -> None:
    """Write a line about what was done."""
    _log.info(event, about=about, **details)


def warn(event: str, *, about: str, **details: str | int) -> None:
    """Write a line about what was tried, and was refused."""
    _log.warning(event, about=about, **details)


async def note_changes(message: Message, scope: Scope) -> None:
    """Write a line for each answer to a change that staff have asked for, refusals included."""
    if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP or scope["method"] not in _UNSAFE:
        return
    staff = scope["state"].get("staff")
    if staff is not None:
        note("staff request", about=f"{scope['method']} {path_of(scope)}", by=str(staff), status=message["status"])


def path_of(scope: Scope) -> str:
    """Return the path and query of a request as they were sent: what a stranger wrote holds no line breaks then."""
    query = scope["query_string"].decode("latin-1")
    return scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
