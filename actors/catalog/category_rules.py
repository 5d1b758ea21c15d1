"""Rules of the tree of categories, and of what a product says about its own. Pure.

Rejected: docs/decisions/0035.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import structs

from bus.messages.audit import Finding, Remedy
from bus.messages.base import NAME, CategoryId, ProductId
from bus.messages.catalog import SLUG, Product
from bus.messages.navigation import MOST_LEVELS, MOST_OF_PRODUCT, Category, CountedCategory, NoSuchCategory
from bus.messages.sorting import sort_key
from bus.messages.texts import is_blank, is_harmful

_NAME: Final = re.compile(NAME)
_SLUG: Final = re.compile(SLUG)
_LONGEST_SLUG: Final = 100
_MADE_SLUG: Final = 50  # Letters of one that is made of a title.


class Known:
    """Categories by all that they may be called; those that are made are added.

    Args:
        categories: All that texts and ids may mean (see `names`).
        also: Paths that some of them have in other languages, each with its id.
    """

    def __init__(self, categories: Iterable[Category], also: Mapping[str, CategoryId] = MappingProxyType({})) -> None:
        self.made: list[Category] = []
        self._by_id: dict[CategoryId, Category] = {}
        self._by_path: dict[str, Category] = {}
        self._by_title: dict[str, list[Category]] = {}
        for category in categories:
            self._add(category)
        for path, name in also.items():
            self._by_path.setdefault(path, self._by_id[name])

    def one(self, name: str) -> Category | None:
        """The category of an id or a path."""
        return self._by_id.get(name) or self._by_path.get(name)

    def called(self, text: str) -> Sequence[Category]:
        """The categories that a text may mean: by title, else by path."""
        by_path = self._by_path.get(text)
        return self._by_title.get(text) or ([by_path] if by_path else [])

    def make(self, text: str) -> Category | None:
        """Make the category that a text wants, and what is missing above it; None if it can't be made of this text.

        A text without "/" is a title, and one of another title at its path is another category. In a path, what is
        there is meant.
        """
        titles = _titles(text)
        if not all(titles) or len(titles) > MOST_LEVELS:
            return None
        if len(titles) == 1:
            slug = next((slug for slug in _slugs(text) if slug not in self._by_path), None)
            return self._new(text, None, slug) if slug else None
        above: Category | None = None
        for title in titles:
            slug, _ = _slugs(title)
            above = self._by_path.get(_path(above, slug)) or self._new(title, above, slug)
            if above is None:
                return None
        return above

    def _new(self, title: str, above: Category | None, slug: str) -> Category | None:
        path = _path(above, slug)
        name = next((name for name in _ids(slug, path) if name not in self._by_id), None)
        if name is None:
            return None
        made = Category(id=name, parent=above.id if above else None, slug=slug, path=path, title=title)
        self.made.append(made)
        self._add(made)
        return made

    def _add(self, category: Category) -> None:
        self._by_id[category.id] = category
        self._by_path[category.path] = category
        self._by_title.setdefault(category.title, []).append(category)


class SettledCategories(NamedTuple):
    """Products with the categories that they say, those to be made, and the refused products with their reasons."""

    products: Sequence[Product]
    made: Sequence[Category]
    refused: Mapping[ProductId, str]


def names(texts: Iterable[str]) -> set[str]:
    """All ids, titles and paths that must be known to find, or make, what these texts mean."""
    wanted: set[str] = set()
    for text in texts:
        titles, path = _titles(text)[:MOST_LEVELS], ""
        paths = list(_slugs(text)) if len(titles) == 1 else []
        for title in titles:
            path = f"{path}/{_slugs(title)[0]}" if path else _slugs(title)[0]
            paths.append(path)
        wanted.update([text], paths, *(_ids(path.rpartition("/")[2], path) for path in paths))
    return wanted


def is_settled(product: Product, before: Product | None) -> bool:
    """Whether a product's categories are those that it had, and its text their title."""
    return before is not None and (product.category, product.categories) == (before.category, before.categories)


def settle(products: Sequence[Product], known_products: Mapping[ProductId, Product], known: Known) -> SettledCategories:
    """Find the categories of products, and make those that are missing.

    Args:
        products: As they shall be.
        known_products: As they are, if they are there.
        known: All categories that `names` of their texts and ids has.
    """
    settled: list[Product] = []
    refused: dict[ProductId, str] = {}
    for product in products:
        before = known_products.get(product.id)
        answer = product if is_settled(product, before) else _settled(product, before, known)
        if isinstance(answer, str):
            refused[product.id] = answer
        else:
            settled.append(answer)
    return SettledCategories(settled, known.made, refused)


def needed(made: Sequence[Category], products: Iterable[Product]) -> list[Category]:
    """Leave out the made categories that no product is in or below."""
    own = {name for product in products for name in product.categories}
    paths = {category.path for category in made if category.id in own}
    return [each for each in made if any(path == each.path or path.startswith(f"{each.path}/") for path in paths)]


def _settled(product: Product, before: Product | None, known: Known) -> Product | str:
    if _says_text(product, before):
        found = _by_text(product, before, known)
        if isinstance(found, str) or found is None:
            return found or structs.replace(product, categories=())
        rest = product.categories[1:]
        chosen = [found, *(one for name in rest if name != found.id and (one := known.one(name)))]
    else:
        missing = [name for name in product.categories if known.one(name) is None]
        if missing:
            return f"categories: there is no {missing[0][:100]}"
        chosen = [one for name in product.categories if (one := known.one(name))]
    ids = tuple(category.id for category in chosen)
    if len(ids) > MOST_OF_PRODUCT or len({*ids}) < len(ids):
        return f"categories: at most {MOST_OF_PRODUCT}, each once"
    return structs.replace(product, categories=ids, category=chosen[0].title)


def _says_text(product: Product, before: Product | None) -> bool:
    """Whether the text says the main category: nothing else does, or it alone has changed."""
    is_same = before is not None and product.categories == before.categories
    return not product.categories or (is_same and before is not None and product.category != before.category)


def _by_text(product: Product, before: Product | None, known: Known) -> Category | str | None:
    """The category that a product's text means; the reason to refuse it; None for no text."""
    text = product.category
    if is_blank(text):
        return None
    found = known.called(text)
    kept = [each for each in found if before and each.id in before.categories[:1]]
    if len(found) > 1 and not kept:
        return f"category: several are called {text}; name a path, such as {found[0].path}"
    one = next(iter(kept or found), None) or known.make(text)
    return one or f"category: name one that is there, or a new one: 1 to {MOST_LEVELS} names with / between"


def refusal(category: Category) -> str | None:
    """The reason to refuse a category for what it says of itself; None if it is fine."""
    checks = [
        (bool(_NAME.fullmatch(category.id)), "id must be 1 to 64 letters, digits, dots and dashes"),
        (is_slug(category.slug), f"slug must be lower-case words joined by dashes, of at most {_LONGEST_SLUG} letters"),
        (is_title(category.title), "title must have 1 to 200 characters, on one line"),
        (len(category.description) <= 5000, "description has at most 5,000 characters"),
        ("\0" not in category.description, "texts can't have NUL characters"),
        (abs(category.place) <= 1_000_000, "place must be -1,000,000 to 1,000,000"),
    ]
    return next((reason for fits, reason in checks if not fits), None)


def is_slug(text: str) -> bool:
    """Whether a text can be a part of an address."""
    return len(text) <= _LONGEST_SLUG and bool(_SLUG.fullmatch(text))


def is_title(text: str) -> bool:
    """Whether a text can be a title."""
    return not is_blank(text) and len(text) <= 200 and not any(map(is_harmful, text))


def below(category: Category, parent: Category | None) -> Category:
    """The category with the path that it has below a parent; None for the top."""
    return structs.replace(category, parent=parent.id if parent else None, path=_path(parent, category.slug))


def best(found: Sequence[Category], name: str) -> Category | None:
    """The category that is meant by a name: that of this path, else of this id, else that is called so elsewhere."""
    by_path = next((each for each in found if each.path == name), None)
    return by_path or next((each for each in found if each.id == name), found[0] if found else None)


def missing(name: str, former: Mapping[str, str | None]) -> NoSuchCategory:
    """Answer for a category that is not there.

    Args:
        name: The id or path that was asked for.
        former: The present path of the category that had a path; None if the category is gone.
    """
    return NoSuchCategory(id=name, path=former.get(name) or "", is_gone=former.get(name, "") is None)


def place_refusal(before: Category | None, parent: Category | None, height: int) -> str | None:
    """The reason why a category can't be below another one; None if it can.

    Args:
        before: As it is; None if it is new.
        parent: What it shall be below; None for the top.
        height: How many levels it has below it.
    """
    if before and parent and (parent.id == before.id or parent.path.startswith(f"{before.path}/")):
        return "parent: a category can't be below itself"
    level = 1 + (parent.path.count("/") + 1 if parent else 0)
    if level + height > MOST_LEVELS:
        return f"parent: the tree has at most {MOST_LEVELS} levels"
    return None


def counts(
    combinations: Iterable[tuple[Sequence[CategoryId], int]], categories: Collection[Category]
) -> Counter[CategoryId]:
    """How many products are in each category and below it, each product counted once.

    Args:
        combinations: Lists of categories that products have, and how many have just these.
        categories: All.
    """
    parents = {category.id: category.parent for category in categories}
    counted: Counter[CategoryId] = Counter()
    for own, products in combinations:
        counted.update(dict.fromkeys({up for name in own for up in _upwards(name, parents)}, products))
    return counted


def _upwards(name: CategoryId, parents: Mapping[CategoryId, CategoryId | None]) -> list[CategoryId]:
    found: list[CategoryId] = []
    while name in parents and len(found) < MOST_LEVELS:
        found.append(name)
        name = parents[name] or ""
    return found


def lost_finding(lost: tuple[ProductId, CategoryId]) -> Finding:
    """The finding that a product names a category that is not there."""
    product, category = lost
    remedy = Remedy(action="choose_categories", target=product)
    return Finding(check="category_is_there", about=product, detail=f"there is no {category}", remedy=remedy)


def astray_finding(astray: tuple[CategoryId, str]) -> Finding:
    """The finding that a category has another path than that of its place."""
    category, path = astray
    remedy = Remedy(action="set_category", target=category)
    return Finding(check="path_follows_tree", about=category, detail=f"its path is {path}", remedy=remedy)


def in_order(categories: Collection[Category], language: str) -> list[Category]:
    """Categories, each before those below it, neighbours by place and title: the whole tree, or a part of it."""
    below: dict[CategoryId | None, list[Category]] = {}
    for each in categories:
        below.setdefault(each.parent, []).append(each)
    ordered: list[Category] = []

    def walk(parent: CategoryId | None) -> None:
        for each in sorted(below.get(parent, ()), key=lambda one: (one.place, sort_key(one.title, language), one.id)):
            ordered.append(each)
            walk(each.id)

    ids = {each.id for each in categories}
    for top in sorted({each.parent or "" for each in categories if each.parent not in ids}):
        walk(top or None)
    return ordered


def counted(categories: Iterable[Category], numbers: Mapping[CategoryId, int]) -> tuple[CountedCategory, ...]:
    """Categories with their numbers of products."""
    return tuple(CountedCategory(category=each, products=numbers.get(each.id, 0)) for each in categories)


def _titles(text: str) -> list[str]:
    return [part.strip() for part in text.split("/")]


def _path(above: Category | None, slug: str) -> str:
    return f"{above.path}/{slug}" if above else slug


def _slugs(title: str) -> tuple[str, str]:
    """The slug of a title, and the one that it gets where that is another's."""
    words = "-".join(re.findall(r"[a-z0-9]+", sort_key(title, "")))
    slug = words[:_MADE_SLUG].strip("-") or "category"
    return slug, f"{slug}-{_hash(title)}"


def _ids(slug: str, path: str) -> list[CategoryId]:
    """The ids that a category may get when it is made, in this order: a path can be left, and made again."""
    return [slug[:_MADE_SLUG], *(f"{slug[:_MADE_SLUG]}-{_hash(f'{path} {place}')}" for place in range(5))]


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()
