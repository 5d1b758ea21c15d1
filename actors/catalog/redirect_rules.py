"""Rules of redirects: which may be, and where they lead. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from bus.messages.navigation import MOST_HOPS, Redirect
from bus.messages.texts import is_harmful

_LONGEST: Final = 1000  # Letters of a path, and of a target.
_HOST: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/.*|\?.*|#.*)?")


def normal(path: str) -> str:
    """A path as it is kept and looked up: decoded, without slashes at its end. What follows a "?" stays as it is.

    One with a NUL is not decoded: PostgreSQL keeps none.
    """
    place, mark, query = path.partition("?")
    decoded = unquote(place)
    return ((place if "\0" in decoded else decoded).rstrip("/") or "/") + (mark + query if query else "")


def lookups(path: str, query: str) -> tuple[str, ...]:
    """The paths to look for when a path is asked for, the best first."""
    place = normal(path)
    return (f"{place}?{query}", place) if query else (place,)


def refusal(redirect: Redirect) -> str | None:
    """The reason to refuse a redirect for what it says of itself; None if it is fine."""
    path, target = redirect.path, redirect.target
    checks = [
        (_is_clean(path) and path.startswith("/"), f"path must begin with /, and have at most {_LONGEST} letters"),
        (normal(path) != "/", "path: the shop's own first page can't lead elsewhere"),
        ((redirect.code == 410) == (not target), "target: there is one with 301 and 302, and none with 410"),
        (
            not target or (_is_clean(target) and (_is_path(target) or bool(_HOST.fullmatch(target)))),
            "target must be a path of this shop, or an address that begins with https:// or http://",
        ),
    ]
    return next((reason for fits, reason in checks if not fits), None)


def own_target(redirect: Redirect) -> str | None:
    """The path to which a redirect leads within this shop, as redirects are kept; None if it leads elsewhere."""
    if not _is_path(redirect.target):
        return None
    return normal(redirect.target.partition("#")[0])


def sort_redirects(
    redirects: Sequence[Redirect], there: Mapping[str, Redirect]
) -> tuple[list[Redirect], list[tuple[int, str]]]:
    """Separate the redirects to write from the refused ones.

    Args:
        redirects: In the order they were sent, their paths in normal form.
        there: Those that are there now and can be met on their way, or are replaced by them.

    Returns:
        The redirects to write, and the place and reason of each refused one, in order.
    """
    reasons: dict[int, str] = {}
    first: dict[str, int] = {}
    for place, redirect in enumerate(redirects):
        reason = refusal(redirect)
        if reason is None and first.setdefault(redirect.path, place) != place:
            reason = f"path: {redirect.path[:100]} is named twice"
        if reason is not None:
            reasons[place] = reason
    while circles := _circles([each for place, each in enumerate(redirects) if place not in reasons], there):
        # What is refused leaves the old one in its place, and so the others are looked at again.
        reasons |= {first[path]: reason for path, reason in circles.items()}
    return [each for place, each in enumerate(redirects) if place not in reasons], sorted(reasons.items())


def _circles(redirects: Sequence[Redirect], there: Mapping[str, Redirect]) -> dict[str, str]:
    """The paths that lead in a circle, or on from one to the next too often, each with the reason."""
    known = {**there, **{each.path: each for each in redirects}}
    reasons: dict[str, str] = {}
    for redirect in redirects:
        way = [redirect.path]
        while (step := next_hop(known[way[-1]], known)) is not None and redirect.path not in reasons:
            if step in way:
                reasons[redirect.path] = f"path: {' -> '.join([*way, step])[:200]} is a circle"
            elif len(way) >= MOST_HOPS:
                reasons[redirect.path] = f"path: it leads on more than {MOST_HOPS} times"
            way.append(step)
    return reasons


def next_hop(redirect: Redirect, known: Mapping[str, Redirect]) -> str | None:
    """The path of the redirect that is met where this one leads; None if none is."""
    target = own_target(redirect)
    if target is None:
        return None
    return next((path for path in (target, target.partition("?")[0]) if path in known), None)


def _is_path(text: str) -> bool:
    """Whether a text is a path of this shop, and not the name of another host: //example.com, /\\example.com."""
    return text.startswith("/") and text[1:2] not in ("/", "\\")


def _is_clean(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isprintable() and not any(map(is_harmful, text)) and _splits(text)


def _splits(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True
