"""What a change changed, and its undoing: over all pairs of states, the one is the other's way back."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.catalog.changes import difference, edits, moved_since, undone
from actors.catalog.rules import cheapest_first
from bus.messages.base import Line, Money
from bus.messages.catalog import FieldChange, Option, Product, SkuView
from bus.messages.inputs import Input

TEXTS = st.sampled_from(["", "a", "b"])
SKUS = st.builds(
    SkuView,
    sku=st.sampled_from("ABCD"),
    title=TEXTS,
    price=st.builds(Money, amount=st.integers(1, 3), currency=st.just("EUR")),
    weight_g=st.integers(1, 2),
    barcode=st.none() | st.just("1"),
    options=st.just(()) | st.just(("red",)),
    parts=st.just(()) | st.just((Line(sku="Z", quantity=2),)),
)
PRODUCTS = st.builds(
    Product,
    id=st.just("P"),
    slug=st.sampled_from(["a", "b"]),
    title=TEXTS,
    category=TEXTS,
    description=TEXTS,
    publish_at=st.none() | st.just(datetime(2026, 12, 1, tzinfo=UTC)),
    tags=st.just(()) | st.just(("new",)),
    options=st.just(()) | st.just((Option(name="Colour", values=("red", "blue")),)),
    inputs=st.just(()) | st.just((Input(key="text", title="Engraving"),)),
    skus=st.lists(SKUS, min_size=1, max_size=4, unique_by=lambda sku: sku.sku).map(cheapest_first),
)
STATES = st.none() | PRODUCTS


@given(STATES, STATES)
def test_undone_it_is_as_before(before: Product | None, after: Product | None) -> None:
    fields = difference(before, after)

    assert moved_since(after, fields) == ()
    assert undone("P", after, fields) == before
    assert (fields == ()) == (before == after)


@given(STATES, STATES, STATES)
def test_what_was_changed_again_is_named_and_nothing_else(
    before: Product | None, after: Product | None, now: Product | None
) -> None:
    fields, again = difference(before, after), {each.field for each in difference(after, now)}

    moved = moved_since(now, fields)

    assert {each.field for each in moved} == {each.field for each in fields} & again
    assert all(each.before != each.after for each in moved)


@given(PRODUCTS, PRODUCTS, PRODUCTS)
def test_to_undo_one_change_leaves_another_of_other_fields(first: Product, second: Product, third: Product) -> None:
    one, two = difference(first, second), difference(second, third)
    if {each.field for each in one} & {each.field for each in two}:
        return

    back = undone("P", third, one)

    assert difference(first, back) == two


def json_of(sku: SkuView) -> object:
    """As a history of before there were attributes and bundles has it."""
    fields = msgspec.json.decode(msgspec.json.encode(sku))
    return {name: value for name, value in fields.items() if name not in ("attributes", "parts")}


def test_a_change_names_its_fields() -> None:
    def view(amount: int) -> SkuView:
        return SkuView(sku="A", title="", price=Money(amount=amount, currency="EUR"), weight_g=1)

    def product(title: str, amount: int) -> Product:
        return Product(id="P", slug="p", title=title, category="", description="", skus=(view(amount),))

    (edit,) = edits({"P": product("Cup", 1)}, [product("Mug", 2)])

    assert edit.fields == (
        FieldChange(field="title", before="Cup", after="Mug"),
        FieldChange(field="skus.A", before=json_of(view(1)), after=json_of(view(2))),
    )
    assert (edit.removed_skus, edit.written_skus, edit.slugs) == ((), (view(2),), ("p", "p"))
    assert edits({"P": product("Cup", 1)}, [product("Cup", 1)]) == []
