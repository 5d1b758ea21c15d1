"""Rules of collections. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from actors.catalog.category_rules import is_slug, is_title
from actors.catalog.model_rules import times_refusal
from bus.messages.base import NAME
from bus.messages.navigation import MOST_ITEMS, Collection, CollectionRule, GetCollection, NoSuchCollection
from bus.messages.search import MOST_QUERY, MOST_VALUES

_NAME: Final = re.compile(NAME)


def is_visible(collection: Collection, now: datetime) -> bool:
    """Whether buyers see a collection at this time."""
    begun = collection.publish_at is None or collection.publish_at <= now
    ended = collection.unpublish_at is not None and collection.unpublish_at <= now
    return begun and not ended


def seen(collection: Collection | None, ask: GetCollection, now: datetime) -> Collection | None:
    """The collection, if it is there and may be seen by whoever asks."""
    return collection if collection and (ask.even_hidden or is_visible(collection, now)) else None


def missing(name: str, former: Mapping[str, str | None]) -> NoSuchCollection:
    """Answer for a collection that is not there.

    Args:
        name: The id or slug that was asked for.
        former: The present slug of the collection that had a slug; None if the collection is gone.
    """
    return NoSuchCollection(id=name, slug=former.get(name) or "", is_gone=former.get(name, "") is None)


def refusal(collection: Collection, before: Collection | None, now: datetime) -> str | None:
    """The reason to refuse a collection, as a sentence that names the field; None if it is fine.

    Args:
        collection: As it shall be. Whether the search knows the facets of its rule is the search's to say.
        before: As it is; None if it is not there.
        now: The time. What was planned for a time that has come since is no fault.
    """
    items = collection.items
    checks = [
        (bool(_NAME.fullmatch(collection.id)), "id must be 1 to 64 letters, digits, dots and dashes"),
        (is_slug(collection.slug), "slug must be lower-case words joined by dashes, of at most 100 letters"),
        (is_title(collection.title), "title must have 1 to 200 characters, on one line"),
        (len(collection.description) <= 5000, "description has at most 5,000 characters"),
        ("\0" not in collection.description, "texts can't have NUL characters"),
        (len(items) <= MOST_ITEMS and len({*items}) == len(items), f"items: at most {MOST_ITEMS:,}, each once"),
        (all(_NAME.fullmatch(item) for item in items), "items are ids of products"),
    ]
    reason = next((reason for fits, reason in checks if not fits), None)
    known = (before.publish_at, before.unpublish_at) if before else (None, None)
    return (
        reason
        or (_rule_refusal(collection.rule) if collection.rule else None)
        or times_refusal((collection.publish_at, collection.unpublish_at), known, now)
    )


def _rule_refusal(rule: CollectionRule) -> str | None:
    checks = [
        (len(rule.q) <= MOST_QUERY and "\0" not in rule.q, f"rule: q has at most {MOST_QUERY} letters"),
        (len(rule.within) <= MOST_VALUES, f"rule: within has at most {MOST_VALUES} categories"),
        (len(rule.filters) <= MOST_VALUES, f"rule: at most {MOST_VALUES} filters"),
        (
            bool(rule.q.strip() or rule.within or rule.filters)
            or rule.price_from is not None
            or rule.price_to is not None,
            "rule: it must ask for something",
        ),
    ]
    return next((reason for fits, reason in checks if not fits), None)
