"""Redirects of a former shop, kept by staff. How they are answered: gateway/redirects.py."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from bus.messages.navigation import (
    ListRedirects,
    NoSuchRedirect,
    Redirect,
    RedirectCode,
    RemoveRedirect,
    SetRedirects,
)
from gateway.api.bodies import Body, Strict, View
from gateway.api.lists import Limit, ListView
from gateway.context import GatewayContext, Injected
from gateway.problems import not_found

Place = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Asked = Annotated[str, QueryParameter(max_length=1000)]


class RedirectBody(Body, frozen=True, kw_only=True):
    """A redirect: from a path, with its query if it has one, to a path of this shop or to another host's address.

    `code` is 301, 302, or 410 without a target: the page is gone.
    """

    path: Place
    target: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    code: RedirectCode = 301


class RedirectsBody(Body, frozen=True, kw_only=True):
    """Redirects to write."""

    items: Annotated[list[RedirectBody], msgspec.Meta(min_length=1, max_length=1000)]


class RedirectView(View, frozen=True, kw_only=True):
    """A redirect; `target` is null with 410."""

    path: str
    target: str | None
    code: RedirectCode


class RedirectList(ListView[RedirectView], frozen=True, kw_only=True):
    """A page of redirects, by path, and the cursor of the next; null at the end."""


class RefusedRedirect(View, frozen=True, kw_only=True):
    """A redirect that was not written: its place in the request, from 0, and the reason."""

    index: int
    reason: str


class WrittenRedirects(View, frozen=True, kw_only=True):
    """The number of redirects that were written, and those that were not."""

    written: int
    refused: Sequence[RefusedRedirect]


@get("/redirects", summary="List redirects")
async def list_redirects(
    context: Injected, begins: Asked = "", limit: Limit = 20, cursor: FromQuery[str] = ""
) -> RedirectList:
    """List redirects by path, page by page: those whose path begins so."""
    page = await context.bus.ask(ListRedirects(limit=limit, begins=begins, after=cursor))
    items = [RedirectView(path=each.path, target=each.target or None, code=each.code) for each in page.redirects]
    return RedirectList(items=items, next=page.next)


@put("/redirects", dto=Strict[RedirectsBody], return_dto=None, summary="Set redirects")
async def set_redirects(context: Injected, data: JSONBody[RedirectsBody]) -> WrittenRedirects:
    """Write up to 1,000 redirects, in place of those that their paths had; others stay.

    They are looked up only where nothing else is. One that would lead in a circle, or on more than ten times, is
    refused; the others are written.
    """
    redirects = tuple(
        Redirect(path=each.path, target=_own(context, each.target), code=each.code) for each in data.items
    )
    answer = await context.bus.ask(SetRedirects(redirects=redirects))
    refused = [RefusedRedirect(index=index, reason=reason) for index, reason in answer.refused]
    return WrittenRedirects(written=answer.written, refused=refused)


@delete("/redirects", summary="Remove a redirect", refuses=["not_found"])
async def remove_redirect(context: Injected, path: Asked) -> None:
    """Remove the redirect of a path."""
    if isinstance(await context.bus.ask(RemoveRedirect(path=path)), NoSuchRedirect):
        raise not_found("redirect")


def _own(context: GatewayContext, target: str) -> str:
    """Write an address of this shop as its path: so that circles through it are seen."""
    base = context.public_url
    return target.removeprefix(base) if base and target.startswith(f"{base}/") else target


STAFF = [list_redirects, set_redirects, remove_redirect]
