"""Screens of the admin portal: what stands in its menu, and how each is rendered.

A screen shows what the API answers to whoever is signed in, so its rights are those of the API's routes
(gateway/rights.py). Its key here only says to whom the menu offers it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias, TypeVar

import msgspec
from litestar import Response
from litestar.datastructures import Cookie
from litestar.types import ControllerRouterHandler

from bus.messages.staff import RightKey
from gateway.api.staff import StaffList
from gateway.api.staff_me import MeView
from gateway.context import Http, context_of
from gateway.pages.inside import Refused, ask
from gateway.pages.render import policy, rendered
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import Visitor, language_asked

T = TypeVar("T")

Group: TypeAlias = Literal["day", "goods", "people", "shop", "engine"]

# A script may make markup of the shop's own pages only: swap.js has the one policy. Source: W3C, Trusted Types.
_TRUSTED: Final = "; require-trusted-types-for 'script'; trusted-types shop"
_NEVER_KEPT: Final = "no-store"
_LONGEST_CURSOR: Final = 200
HOME: Final = "/admin"
_ME: Final = "me"
SCREENS: Final = "screens"  # The option of the routes that has all of them.


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the menu. `key` is the right without which it is not offered; `letter` opens it after `g`."""

    path: str
    title: str  # In English: the template translates it.
    group: Group
    key: RightKey | None = None
    letter: str = ""


class PortalPart(msgspec.Struct, frozen=True, kw_only=True):
    """A domain's part of the portal: its screens, and the routes behind them."""

    screens: Sequence[Screen]
    routes: Sequence[ControllerRouterHandler]


async def screen(
    request: Http,
    template: str,
    *,
    status: int = 200,
    cookies: Sequence[Cookie] = (),
    problem: str = "",
    refused: Refused | None = None,
    **values: object,
) -> Response[bytes]:
    """Render a screen for whoever is signed in.

    Args:
        request: Whose screen it is.
        template: Its file below `templates/admin`.
        status: The HTTP status.
        cookies: To set with it.
        problem: A sentence on what was refused, shown above everything.
        refused: The refusal of a form; its status and sentence take the place of these.
        values: What the template shows.

    Raises:
        Refused: Nobody is signed in.
    """
    if refused is not None:
        status, problem = refused.status, sentence_of(language_asked(request), refused)
    me = await me_of(request)
    await context_of(request.scope).brand.read()
    menu = menu_of(me, request.route_handler.opt[SCREENS])
    shown = {"me": me, "menu": menu, "current": current_of(menu, request.url.path), "problem": problem, **values}
    return bare_screen(request, template, status=status, cookies=cookies, **shown)


async def me_of(request: Http) -> MeView:
    """Read who is signed in; once for each request.

    Raises:
        Refused: Nobody is.
    """
    known = request.scope["state"]
    if _ME not in known:
        known[_ME] = (await ask(request, "GET", "/admin/api/me")).read(MeView)
    me: MeView = known[_ME]
    return me


async def read_if_allowed(request: Http, path: str, kind: type[T], query: str = "") -> T | None:
    """Read what the API has; None for those who may not."""
    try:
        return (await ask(request, "GET", path, query=query)).read(kind)
    except Refused as refused:
        if refused.status not in (401, 403):
            raise
        return None


def cursor_of(request: Http) -> str:
    """Return which page of a list an address names, "" for the first one."""
    return str(request.query_params.get("cursor", ""))[:_LONGEST_CURSOR]


def names_of(people: StaffList | None) -> Mapping[str, str]:
    """Return names of people who work here, by id; those who have none by their e-mail address."""
    return {each.id: each.name or each.email for each in people.items} if people else {}


def bare_screen(
    request: Http, template: str, *, status: int = 200, cookies: Sequence[Cookie] = (), **values: object
) -> Response[bytes]:
    """Render a page of the portal for nobody in particular, such as the one to sign in on."""
    visitor = Visitor(language=language_asked(request), cart=None)
    headers = {
        "Content-Security-Policy": policy(context_of(request.scope)) + _TRUSTED,
        "Cache-Control": _NEVER_KEPT,
    }
    return rendered(request, f"admin/{template}", visitor, status, headers, cookies, values)


def has_screen(request: Http, path: str) -> bool:
    """Whether a part of the portal has a screen at this path: links lead to such only."""
    return any(each.path == path for each in request.route_handler.opt[SCREENS])


def current_of(menu: Mapping[Group, Sequence[Screen]], path: str) -> str:
    """Return the path of the screen in a menu that a page belongs to: the longest above it. "" if none is."""
    paths = [each.path for screens in menu.values() for each in screens]
    above = [each for each in paths if path == each or (each != HOME and path.startswith(f"{each}/"))]
    return max(above, key=len, default="")


def menu_of(me: MeView, screens: Iterable[Screen]) -> Mapping[Group, Sequence[Screen]]:
    """Return the screens that are for them, by group and in order."""
    keys, found = set(me.keys), dict[Group, list[Screen]]()
    for each in screens:
        if each.key is None or each.key in keys:
            found.setdefault(each.group, []).append(each)
    return found
