"""Views of lists that people who work here have saved: a list's filters under a name."""

from typing import ClassVar, Final

from bus.messages.base import Value
from bus.messages.staff import NobodyThere
from engine.message import Command, Query, Reply

MOST_VIEWS: Final = 50  # Of one person.
LONGEST_VIEW_TITLE: Final = 64  # Characters.
LONGEST_VIEW_QUERY: Final = 1000  # Characters.


class SavedView(Value, frozen=True, kw_only=True):
    """A list with its filters, under a name."""

    list: str  # Such as "orders".
    title: str
    query: str  # Of the list's address, without its question mark.


class SavedViews(Reply):
    """The views of a person, in their order."""

    views: tuple[SavedView, ...]


class ReadSavedViews(Query[SavedViews]):
    """Read the views of a person; none if there is no such person."""

    names_persons: ClassVar[bool] = True
    id: str


class KeepSavedViews(Command[SavedViews | NobodyThere]):
    """Keep these views of a person, instead of all before. Safe to send twice."""

    names_persons: ClassVar[bool] = True
    id: str
    views: tuple[SavedView, ...]  # At most MOST_VIEWS.
