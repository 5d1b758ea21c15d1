"""Lists: a page at a time."""

from collections.abc import Sequence
from types import GenericAlias
from typing import Annotated, Generic, TypeVar, get_args

from litestar.params import QueryParameter

from gateway.api.bodies import View

T = TypeVar("T")

Limit = Annotated[int, QueryParameter(ge=1, le=100)]


class _Items(View, Generic[T], frozen=True, kw_only=True):
    """Items of a list. Each list is a class of its own, which gives it a plain name in the API's description."""

    items: Sequence[T]

    def __init_subclass__(cls) -> None:
        """Write the items' type into the subclass: the framework reads annotations, but resolves no type variables."""
        (item,) = get_args(vars(cls)["__orig_bases__"][0])  # Of `ListView[Row]`.
        cls.__annotations__["items"] = GenericAlias(Sequence, item)


class ListView(_Items[T], Generic[T], frozen=True, kw_only=True):
    """Items of a list, and the cursor of the next page; null at the end."""

    next: str | None


class WholeListView(_Items[T], Generic[T], frozen=True, kw_only=True):
    """All items of a list that has no pages."""

    next: None = None
