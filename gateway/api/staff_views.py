"""The views of lists that a person who works here has saved for themselves."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get, put
from litestar.params import JSONBody

from bus.messages.staff_views import (
    LONGEST_VIEW_QUERY,
    LONGEST_VIEW_TITLE,
    MOST_VIEWS,
    KeepSavedViews,
    ReadSavedViews,
    SavedView,
    SavedViews,
)
from engine.patterns import whole
from gateway.access import Member
from gateway.api.bodies import Body, Strict, View
from gateway.api.lists import WholeListView
from gateway.context import Injected
from gateway.problems import not_found


class SavedViewView(View, frozen=True, kw_only=True):
    """A list with its filters, under a name. `query` is that of the list's address."""

    list: str
    title: str
    query: str


class SavedViewList(WholeListView[SavedViewView], frozen=True, kw_only=True):
    """The views that a person has saved, in their order."""


class SavedViewBody(Body, frozen=True, kw_only=True):
    """A view to save."""

    list: Annotated[str, msgspec.Meta(max_length=32), whole(r"[a-z][a-z-]*")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_VIEW_TITLE), whole(r"[^\x00-\x1f\x7f]+")]
    query: Annotated[str, msgspec.Meta(max_length=LONGEST_VIEW_QUERY), whole(r"[^\x00-\x20\x7f]*")]


class SavedViewsBody(Body, frozen=True, kw_only=True):
    """All views of a person."""

    items: Annotated[Sequence[SavedViewBody], msgspec.Meta(max_length=MOST_VIEWS)]


@get("/me/views", summary="List one's saved views")
async def list_own_views(context: Injected, staff: Member) -> SavedViewList:
    """List the views of lists that one has saved for oneself."""
    return _list(await context.bus.ask(ReadSavedViews(id=staff.id)))


@put("/me/views", dto=Strict[SavedViewsBody], return_dto=None, summary="Save one's views")
async def keep_own_views(context: Injected, staff: Member, data: JSONBody[SavedViewsBody]) -> SavedViewList:
    """Save these views of lists for oneself, instead of all before."""
    views = tuple(SavedView(list=each.list, title=each.title, query=each.query) for each in data.items)
    answer = await context.bus.ask(KeepSavedViews(id=staff.id, views=views))
    if not isinstance(answer, SavedViews):
        raise not_found("account")
    return _list(answer)


def _list(kept: SavedViews) -> SavedViewList:
    return SavedViewList(items=[SavedViewView(list=it.list, title=it.title, query=it.query) for it in kept.views])


STAFF = [list_own_views, keep_own_views]
