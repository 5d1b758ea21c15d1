"""What an import changes is told row by row, and is set back field by field."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product as product_of
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from actors.catalog import changes
from actors.catalog.bundle_rules import Neighbourhood, Use
from actors.catalog.importing import ImportedChange, Restored, outcomes, restored, without_unfit_bundles
from bus.messages.base import Line, Money
from bus.messages.catalog import Product, SkuView
from bus.messages.catalog_imports import SkuRow

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
EUROS = Money(amount=100, currency="EUR")
Catalog: TypeAlias = dict[str, Product]


def sku(name: str, cents: int) -> SkuView:
    return SkuView(sku=name, title="", price=Money(amount=cents, currency="EUR"), weight_g=1)


def product(title: str, brand: str, **skus: int) -> Product:
    made = tuple(sku(name, cents) for name, cents in skus.items())
    return Product(id="P", slug="p", title=title, category="", description="", brand=brand, skus=made)


def state(of: Product | None) -> dict[str, Any]:
    """A product's fields, read in another way than the catalog does."""
    if of is None:
        return {}
    return {"title": of.title, "brand": of.brand} | {each.sku: each.price.amount for each in of.skus}


STATES = st.builds(
    lambda title, brand, skus: product(title, brand, **skus),
    st.sampled_from("ab"),
    st.sampled_from("xy"),
    st.dictionaries(st.sampled_from(["A", "B", "C"]), st.integers(1, 2), min_size=1),
)


@given(STATES, STATES, STATES)
def test_fields_go_back_that_are_as_the_import_left_them(before: Product, after: Product, now: Product) -> None:
    fields = changes.difference(before, after)
    then, left, is_now = state(before), state(after), state(now)
    expected = {
        name: then.get(name) if is_now.get(name) == left.get(name) else is_now.get(name)
        for name in {*then, *left, *is_now}
    }
    expected = {name: value for name, value in expected.items() if value is not None}

    made = restored({"P": now}, [ImportedChange("P", 1, fields)], NOON)

    result = made.edits[0].after if made.edits else now
    if set(expected) <= {"title", "brand"}:
        assert state(result) == is_now
        assert made.kept[0].reason == "it would be without a SKU"
    else:
        assert state(result) == expected
        moved = {name for name in then | left if then.get(name) != left.get(name) != is_now.get(name) != then.get(name)}
        assert {each.field.removeprefix("skus.") for kept in made.kept for each in kept.fields} == moved


@given(STATES, STATES)
def test_what_is_back_already_is_no_change_and_no_conflict(before: Product, after: Product) -> None:
    change = ImportedChange("P", 1, changes.difference(before, after))
    again = restored({"P": before}, [change], NOON)

    assert (again.edits, again.kept) == ([], [])


def test_two_changes_of_one_product_go_back_in_turn() -> None:
    first, second, third = product("a", "x", A=1), product("b", "x", A=1), product("b", "x", A=1, B=2)
    entries = [
        ImportedChange("P", 2, changes.difference(second, third)),
        ImportedChange("P", 1, changes.difference(first, second)),
    ]

    (edit,) = restored({"P": third}, entries, NOON).edits

    assert state(edit.after) == state(first)


def test_what_was_added_goes_unless_it_has_changed() -> None:
    added = product("a", "x", A=1)
    entry = ImportedChange("P", 1, changes.difference(None, added))

    (gone,) = restored({"P": added}, [entry], NOON).edits
    assert gone.after is None
    assert restored({}, [entry], NOON) == ([], [])
    for other in (product("b", "x", A=1), product("a", "x", A=1, B=1)):
        made = restored({"P": other}, [entry], NOON)
        assert (made.edits, made.kept[0].reason) == ([], "it was added, and has changed since")


def small_catalogs() -> Iterator[Catalog]:
    """All catalogs of three products with one SKU each: plain, a bundle of others, or not there."""
    ways: tuple[tuple[str, ...] | None, ...] = (
        None,
        (),
        *((part,) for part in "ABC"),
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    )
    for chosen in product_of(ways, repeat=3):
        catalog = {name: bundle(name, *parts) for name, parts in zip("ABC", chosen, strict=True) if parts is not None}
        if is_whole(catalog):
            yield catalog


def bundle(name: str, *parts: str) -> Product:
    lines = tuple(Line(sku=part, quantity=1) for part in parts)
    made = SkuView(sku=name, title="", price=EUROS, weight_g=1, parts=lines)
    return Product(id=name, slug=name.lower(), title="", category="", description="", skus=(made,))


def parts_in(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    return {each.skus[0].sku: tuple(part.sku for part in each.skus[0].parts) for each in catalog.values()}


def is_whole(catalog: Catalog) -> bool:
    parts = parts_in(catalog)
    return all(parts.get(part) == () for of in parts.values() for part in of)


def test_what_an_undo_leaves_is_whole_and_all_goes_back_that_can() -> None:
    for then, now in product_of(list(small_catalogs()), repeat=2):
        made = [changes.edit(name, now.get(name), then.get(name)) for name in "ABC"]
        edits = [edit for edit in made if edit.fields]
        parts = parts_in(now)
        bundles = frozenset(name for name, of in parts.items() if of)
        uses = [Use(part, name, name) for name, of in parts.items() for part in of]

        left = without_unfit_bundles(Restored(edits, []), Neighbourhood(frozenset(parts), bundles, uses))

        after: dict[str, Product | None] = {**now}
        after |= {edit.product_id: edit.after for edit in left.edits}
        result = {name: each for name, each in after.items() if each}
        assert is_whole(result), (then, now)
        told = [edit.product_id for edit in left.edits] + [each.product_id for each in left.kept]
        assert {edit.product_id for edit in edits} == {*told}
        stay = {name for name in bundles if parts_in(then).get(name) == ()}  # What is a bundle stays one.
        assert all(parts_in(result)[name] == parts[name] for name in stay)
        assert stay or not left.kept, (then, now)


def test_each_row_has_its_outcome() -> None:
    def row(name: str, of: str = "P") -> SkuRow:
        return SkuRow(
            product_id=of,
            slug="p",
            title="a",
            category="",
            description="",
            sku=name,
            sku_title="",
            price=EUROS,
            weight_g=1,
        )

    before, after = product("a", "x", A=1, B=1), product("a", "x", A=1, B=2, C=1)
    rows = [row("A"), row("B"), row("C"), row("D", "Q")]

    letters, shown = outcomes(rows, {3: "no"}, {"P": changes.difference(before, after)}, 5)
    assert letters == "ucar"
    assert [(each.row, [field.field for field in each.fields]) for each in shown] == [(1, ["skus.B"]), (2, ["skus.C"])]

    retitled = {"P": changes.difference(before, structs.replace(after, title="b"))}
    letters, shown = outcomes(rows, {}, retitled, 1)
    assert letters == "ccau"
    assert [each.row for each in shown] == [0, 2]
