"""A collection as fields of forms, and what is typed there as the API takes it. Pure."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from bus.messages.base import Currency, Money
from gateway.api.catalog.collections import EditedCollection, FilterView
from gateway.pages.admin.matrix import slug_of
from gateway.pages.admin.merging import Fields
from gateway.pages.forms import Form
from gateway.pages.typed import minor_units, moment_of, typed_amount, typed_moment, words_of
from gateway.problems import Problem

FIELDS: Final = (
    "title", "slug", "description", "publish_at", "unpublish_at", "q", "filters", "price_from", "price_to", "sort",
)  # fmt: skip
CATEGORIES: Final = "categories"
_TIMES: Final = ("publish_at", "unpublish_at")
_PRICES: Final = ("price_from", "price_to")
_STAMP: Final = 16  # Hexadecimal digits.


def fields_of(collection: EditedCollection, currency: Currency) -> Mapping[str, str]:
    """Return a collection's fields, its categories and what was chosen by hand aside."""
    rule = collection.rule
    prices = {name: getattr(rule, name) if rule else None for name in _PRICES}
    return {
        "title": collection.title,
        "slug": collection.slug,
        "description": collection.description,
        "publish_at": typed_moment(collection.publish_at),
        "unpublish_at": typed_moment(collection.unpublish_at),
        "q": rule.q if rule else "",
        "filters": _lines(rule.filters) if rule else "",
        "sort": rule.sort if rule else "relevance",
        **{
            name: "" if at is None else typed_amount(Money(amount=at, currency=currency)) for name, at in prices.items()
        },
    }


def all_fields_of(collection: EditedCollection, currency: Currency) -> Fields:
    """Return a collection's fields with its categories, which have commas between them."""
    within = collection.rule.categories if collection.rule else ()
    return {**fields_of(collection, currency), CATEGORIES: ",".join(sorted(within))}


def form_of(fields: Fields) -> Form:
    """Return the form that has these fields."""
    within = [each for each in fields[CATEGORIES].split(",") if each]
    return Form({**{name: [text] for name, text in fields.items()}, CATEGORIES: within})


def stamp_of(items: Sequence[str]) -> str:
    """Return what tells whether something else was chosen by hand, or in another order."""
    return hashlib.sha256(msgspec.json.encode(items)).hexdigest()[:_STAMP]


def body_of(form: Form, currency: Currency, items: Sequence[str]) -> Mapping[str, object]:
    """Write a collection as the API takes it: its address is made of its title if nobody has typed one.

    Args:
        form: As it was sent.
        currency: Of its prices.
        items: What was chosen by hand, which another form changes.

    Raises:
        Problem: A field can't be read.
    """
    return {
        "title": form.get("title"),
        "slug": form.get("slug") or slug_of(form.get("title")),
        "description": form.get("description").replace("\r\n", "\n"),
        "items": list(items),
        "rule": _rule(form, currency),
        **{name: moment_of(form.get(name), name) for name in _TIMES if form.get(name)},
    }


def same(collection: EditedCollection, items: Sequence[str]) -> Mapping[str, object]:
    """Return a collection as the API takes it, with other products chosen by hand."""
    names = ("title", "slug", "description", "rule", *_TIMES)
    return {**{name: getattr(collection, name) for name in names}, "items": list(items)}


def ordered(items: Sequence[str], places: Mapping[str, int], dropped: Collection[str]) -> Sequence[str]:
    """Return products in the order of the places that were typed, 1 for the first, without those that go.

    One that moves takes the place that was typed for it: further to the front it pushes the one that has it back,
    further to the back it comes after that one. Products without a typed place stay where they are.
    """

    def place(at: int) -> tuple[float, int]:
        wanted = places.get(items[at], at + 1)
        return wanted + (wanted > at + 1) / 2 - (wanted < at + 1) / 2, at

    return [items[at] for at in sorted(range(len(items)), key=place) if items[at] not in dropped]


def _rule(form: Form, currency: Currency) -> Mapping[str, object] | None:
    """Return what a form looks for; None if that is nothing."""
    prices = {name: minor_units(form.get(name), currency, name) for name in _PRICES if form.get(name)}
    asked: dict[str, object] = {
        "q": form.get("q"),
        "categories": [each for each in form.all("categories") if each],
        "filters": _filters(form.get("filters")),
        **prices,
    }
    return {**asked, "sort": form.get("sort") or "relevance"} if prices or any(asked.values()) else None


def _filters(text: str) -> Sequence[Mapping[str, object]]:
    found = [
        (name.strip(), words_of(values)) for name, _, values in (line.partition(":") for line in text.splitlines())
    ]
    found = [(name, values) for name, values in found if name or values]
    if not all(name and values for name, values in found):
        raise Problem(422, "invalid", "filters: a line must look like brand: Heron, Ash", field="filters")
    return [{"name": name, "values": list(values)} for name, values in found]


def _lines(filters: Sequence[FilterView]) -> str:
    return "\n".join(f"{each.name}: {', '.join(each.values)}" for each in filters)
