"""The tree of categories: what products say of theirs, and the numbers, against a count that knows no tree."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from actors.catalog.category_rules import (
    Known,
    below,
    counts,
    in_order,
    names,
    needed,
    place_refusal,
    refusal,
    settle,
)
from bus.messages.base import Money
from bus.messages.catalog import Product, SkuView
from bus.messages.navigation import Category


def category(path: str, title: str = "", name: str = "") -> Category:
    above, _, slug = path.rpartition("/")
    return Category(
        id=name or path.replace("/", "."), parent=above.replace("/", ".") or None, slug=slug, path=path,
        title=title or slug.title(),
    )  # fmt: skip


TREE = [
    category("home"), category("clothing"), category("clothing/shirts"), category("clothing/shirts/polo"),
    category("kids"), category("kids/shirts"), category("av", "Audio/Video"),
]  # fmt: skip


def product(text: str = "", *ids: str, name: str = "P") -> Product:
    sku = SkuView(sku=name, title="", price=Money(amount=1, currency="EUR"), weight_g=1)
    return Product(id=name, slug="p", title="P", category=text, description="", skus=(sku,), categories=ids)


def settled(after: Product, before: Product | None = None) -> tuple[str, tuple[str, ...]] | str:
    """Its text and its categories, or why not."""
    found = settle([after], {"P": before} if before else {}, Known(TREE))
    return found.refused.get("P") or (found.products[0].category, found.products[0].categories)


@pytest.mark.parametrize(
    ("text", "main"),
    [
        ("Home", ("Home", ("home",))),
        ("clothing/shirts", ("Shirts", ("clothing.shirts",))),
        ("Clothing/Shirts", ("Shirts", ("clothing.shirts",))),
        ("kids", ("Kids", ("kids",))),
        ("Audio/Video", ("Audio/Video", ("av",))),  # A title with a slash is a title.
        ("", ("", ())),
        ("  ", ("  ", ())),
        ("Garden", ("Garden", ("garden",))),  # New.
        ("Gärten & Höfe", ("Gärten & Höfe", ("garten-hofe",))),
        ("clothing/Hats/Straw hats", ("Straw hats", ("straw-hats",))),
    ],
)
def test_a_text_says_the_main_category(text: str, main: tuple[str, tuple[str, ...]]) -> None:
    assert settled(product(text)) == main


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (product("Shirts"), "category: several are called Shirts; name a path, such as clothing/shirts"),
        (product("a/b/c/d/e/f/g"), "category: name one that is there, or a new one: 1 to 6 names with / between"),
        (product("a//b"), "category: name one that is there, or a new one: 1 to 6 names with / between"),
        (product("", "home", "nothing"), "categories: there is no nothing"),
        (product("", "home", "home"), "categories: at most 30, each once"),
        (product("", *["home"] * 31), "categories: at most 30, each once"),
    ],
)
def test_what_can_not_be_meant_is_refused(after: Product, why: str) -> None:
    assert settled(after) == why


def test_ids_win_unless_the_text_alone_has_changed() -> None:
    before = product("Shirts", "kids.shirts", "home")

    assert settled(product("Anything", "home", "clothing/shirts")) == ("Home", ("home", "clothing.shirts"))
    assert settled(product("Shirts", "kids.shirts", "home"), before) == ("Shirts", ("kids.shirts", "home"))
    assert settled(product("Kids", "kids.shirts", "home"), before) == ("Kids", ("kids", "home"))
    assert settled(product("Home", "kids.shirts", "home"), before) == ("Home", ("home",))
    assert settled(product("Kids", "home"), before) == ("Home", ("home",))
    assert settled(product("Shirts"), before) == ("Shirts", ("kids.shirts",))  # Several are called so; it has one.
    assert settled(product(""), before) == ("", ())


def test_what_is_missing_is_made_once_and_only_where_a_product_needs_it() -> None:
    known = Known(TREE)
    wanted = [product("clothing/hats/straw", name="A"), product("clothing/hats", name="B"), product("new", name="C")]
    found = settle(wanted, {}, known)

    assert [each.path for each in found.made] == ["clothing/hats", "clothing/hats/straw", "new"]
    assert [each.path for each in needed(found.made, found.products[:2])] == ["clothing/hats", "clothing/hats/straw"]
    assert needed(found.made, found.products[1:2]) == [found.made[0]]
    assert found.made[0].parent == "clothing"


def test_another_title_of_the_same_slug_is_another_category() -> None:
    found = settle([product("Mugs & Cups", name="A"), product("Mugs, Cups", name="B"), product("衣", name="C")], {},
                   Known([]))  # fmt: skip

    assert len({each.categories for each in found.products}) == 3
    assert len({each.path for each in found.made}) == len({each.id for each in found.made}) == 3
    assert all(refusal(each) is None for each in found.made)


TITLES = st.sampled_from(["a", "b", "A", "ä", "a b", "a-b", "衣"])
TEXTS = st.lists(TITLES, min_size=1, max_size=4).map("/".join)


@given(st.lists(TEXTS, max_size=6), st.lists(TEXTS, max_size=6))
def test_what_is_looked_up_is_all_that_matters(first: list[str], then: list[str]) -> None:
    """With the categories that `names` asks for, the answer is the one that all categories give."""
    there = settle([product(text, name=f"P{n}") for n, text in enumerate(first)], {}, Known([])).made
    wanted = [product(text, name=f"P{n}") for n, text in enumerate(then)]
    asked = names(then)
    some = [each for each in there if asked & {each.id, each.path, each.title}]

    assert settle(wanted, {}, Known(some)) == settle(wanted, {}, Known(there))
    again = settle(wanted, {}, Known([*there, *settle(wanted, {}, Known(there)).made]))
    assert again.made == () or again.made == []


@given(st.lists(st.tuples(st.sets(st.integers(0, len(TREE) - 1)).map(sorted), st.integers(1, 5)), max_size=8))
def test_a_product_counts_once_in_each_category_that_it_is_in_or_below(chosen: list[tuple[list[int], int]]) -> None:
    rows = [([TREE[place].id for place in places], number) for places, number in chosen]

    found = counts(rows, TREE)

    def is_in(ids: Sequence[str], top: Category) -> bool:
        paths = [f"{each.path}/" for each in TREE if each.id in ids]
        return any(path.startswith(f"{top.path}/") for path in paths)

    assert {each.id: found[each.id] for each in TREE} == {
        each.id: sum(number for ids, number in rows if is_in(ids, each)) for each in TREE
    }


def test_the_tree_is_in_order() -> None:
    late = structs.replace(TREE[0], place=1)
    ordered = in_order([late, *reversed(TREE[1:])], "en")

    assert [each.path for each in ordered] == [
        "av", "clothing", "clothing/shirts", "clothing/shirts/polo", "kids", "kids/shirts", "home",
    ]  # fmt: skip
    assert [each.id for each in in_order([TREE[3], TREE[2]], "en")] == ["clothing.shirts", "clothing.shirts.polo"]


def test_a_category_is_never_below_itself_and_never_too_deep() -> None:
    _, clothing, shirts, polo, kids, *_ = TREE

    assert place_refusal(clothing, polo, 2) == "parent: a category can't be below itself"
    assert place_refusal(clothing, clothing, 2) == "parent: a category can't be below itself"
    assert place_refusal(shirts, kids, 1) is None
    assert place_refusal(shirts, None, 5) is None
    assert place_refusal(shirts, kids, 5) == "parent: the tree has at most 6 levels"
    assert below(shirts, kids).path == "kids/shirts"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"slug": "A"}, "slug"), ({"slug": "a/b"}, "slug"), ({"slug": "a" * 101}, "slug"), ({"title": " "}, "title"),
        ({"title": "a\nb"}, "title"), ({"description": "a" * 5001}, "description"), ({"description": "\0"}, "NUL"),
        ({"place": 10**7}, "place"), ({"id": "a b"}, "id"),
    ],
)  # fmt: skip
def test_a_category_that_can_not_be_is_refused(changes: dict[str, object], word: str) -> None:
    assert refusal(TREE[0]) is None
    assert word in (refusal(structs.replace(TREE[0], **changes)) or "")
