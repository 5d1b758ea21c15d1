"""What may be sold, and how it is found. `test_sample.py` has the catalogue a new shop begins with."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.catalog.rules import (
    changed,
    cheapest_first,
    full_title,
    merged,
    missing,
    refusal,
    renamed,
    rows_of,
    search_terms,
    sku_removal,
    sort_rows,
    without_accents,
)
from bus.messages.base import Money
from bus.messages.catalog import (
    MOST_SKUS,
    ChangeProduct,
    LastSku,
    NoSuchProduct,
    NoSuchSku,
    Product,
    RenameSku,
    SkuView,
)
from bus.messages.catalog_imports import SkuRow
from bus.messages.currencies import largest

NOTHING: dict[str, str] = {}
MAX_PRICE = largest("EUR")


def row_of(sku: str = "MUG-BLUE", product_id: str = "MUG", **changes: Any) -> SkuRow:
    """A good line of an import, but for what is changed."""
    good: Mapping[str, Any] = {
        "slug": product_id.lower(),
        "title": "Stoneware Mug",
        "category": "Mugs & Cups",
        "description": "It holds 350 ml.",
        "sku_title": "Blue",
        "price": eur(1450),
        "weight_g": 380,
    }
    return SkuRow(sku=sku, product_id=product_id, **{**good, **changes})


def view(sku: str, price: int, title: str = "") -> SkuView:
    return SkuView(sku=sku, title=title, price=eur(price), weight_g=380)


def product_of(*skus: SkuView) -> Product:
    return Product(id="MUG", slug="mug", title="Mug", category="Cups", description="It holds 350 ml.", skus=skus)


def eur(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


def test_a_good_line_is_taken() -> None:
    assert refusal(row_of(), "EUR") is None


@pytest.mark.parametrize("name", ["A", "mug-1.5_b", "7", "a" * 64])
def test_names_are_letters_digits_dots_and_dashes(name: str) -> None:
    assert refusal(row_of(sku=name, product_id=name, slug="mug"), "EUR") is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        *[
            ({"product_id": name, "slug": "mug"}, "product_id")
            for name in ("", "-A", "a b", "a/b", "a" * 65, "Ä", "A\n")
        ],
        *[({"sku": name}, "sku") for name in ("", ".A", "a b", "a?b", "a" * 65, "A\n", "A\0")],
        *[({"slug": slug}, "slug") for slug in ("", "Mug", "mug-", "-mug", "mug--cup", "mug_cup", "müg", "mug\n")],
        *[({"title": title}, "title") for title in ("", "  ", "\t\n")],
        *[({"price": eur(amount)}, "price") for amount in (0, -1, MAX_PRICE + 1)],
        ({"price": Money(amount=1450, currency="USD")}, "USD"),
        ({"price": Money(amount=1450, currency="eur")}, "eur"),
        *[({"weight_g": weight}, "weight_g") for weight in (0, -1, 1_000_001)],
        *[({name: "a\0b"}, "NUL") for name in ("title", "category", "description", "sku_title")],
        *[
            ({name: f"a{each}b"}, "one line")
            for name in ("title", "category", "sku_title")
            for each in "\n\t\x1b\u202e"
        ],
        ({"title": "\u200b\N{NO-BREAK SPACE}"}, "title must"),
        *[({name: "a" * 201}, name) for name in ("slug", "title", "category", "sku_title")],
        ({"title": " " * 200 + "a"}, "title"),
        ({"description": "a" * 5001}, "description"),
    ],
)
def test_a_line_that_can_not_be_sold_is_refused_with_a_reason_that_names_what_is_wrong(
    changes: dict[str, Any], word: str
) -> None:
    reason = refusal(row_of(**changes), "EUR")

    assert reason is not None
    assert word in reason


@pytest.mark.parametrize(
    "changes",
    [{"price": eur(1)}, {"price": eur(MAX_PRICE)}, {"weight_g": 1}, {"weight_g": 1_000_000}, {"sku_title": ""}],
)
def test_a_line_at_the_edge_is_taken(changes: dict[str, Any]) -> None:
    assert refusal(row_of(**changes), "EUR") is None


@pytest.mark.parametrize(
    ("amount", "currency", "word"),
    [
        (1234, "KWD", "KWD 1.230 or KWD 1.240"),
        (1_000_000, "UGX", "UGX 999,999"),
        (10**12, "IDR", "IDR 9,999,999,999.99"),
    ],
)
def test_a_price_that_stripe_would_refuse_is_refused_in_the_words_of_its_currency(
    amount: int, currency: str, word: str
) -> None:
    reason = refusal(row_of(price=Money(amount=amount, currency=currency)), currency)

    assert reason is not None
    assert word in reason


@pytest.mark.parametrize(("amount", "currency"), [(1230, "KWD"), (5615, "UGX"), (10**12 - 1, "IDR"), (500, "JPY")])
def test_a_price_is_in_the_currencys_own_decimals(amount: int, currency: str) -> None:
    assert refusal(row_of(price=Money(amount=amount, currency=currency)), currency) is None


def test_each_refused_line_is_told_by_its_place() -> None:
    rows = [row_of("A"), row_of("B", price=eur(0)), row_of("C"), row_of("D", weight_g=0)]

    good, refused = sort_rows(rows, "EUR", NOTHING, NOTHING)

    assert [row.sku for row in good] == ["A", "C"]
    assert [place for place, _ in refused] == [1, 3]


def test_a_product_is_filled_up_to_its_bound_and_the_lines_beyond_it_are_refused() -> None:
    rows = [
        row_of("KNOWN"),
        *(row_of(f"S{number}") for number in range(4)),
        row_of("MUG-2", product_id="OTHER", slug="o"),
    ]

    good, refused = sort_rows(rows, "EUR", {"KNOWN": "MUG"}, NOTHING, sizes={"MUG": MOST_SKUS - 2})

    assert [row.sku for row in good] == ["KNOWN", "S0", "S1", "MUG-2"]
    assert refused == [(place, "product MUG has 2,048 SKUs, and more it can't have") for place in (3, 4)]


@pytest.mark.parametrize("field", ["slug", "title", "category", "description"])
def test_the_lines_of_a_product_agree_on_it(field: str) -> None:
    _, refused = sort_rows([row_of("A"), row_of("B", **{field: "other"})], "EUR", NOTHING, NOTHING)

    assert refused == [(1, "product MUG is described differently in an earlier line")]


@pytest.mark.parametrize("owners", [{}, {"A": "MUG"}])
def test_a_sku_belongs_to_one_product(owners: dict[str, str]) -> None:
    rows = [row_of("A"), row_of("A", "CUP")]

    good, refused = sort_rows(rows, "EUR", owners, NOTHING)

    assert (good, refused) == ([rows[0]], [(1, "sku A belongs to product MUG")])


@pytest.mark.parametrize("slugs", [{}, {"mug": "MUG"}])
def test_a_slug_belongs_to_one_product(slugs: dict[str, str]) -> None:
    rows = [row_of("A"), row_of("B", "CUP", slug="mug")]

    good, refused = sort_rows(rows, "EUR", NOTHING, slugs)

    assert (good, refused) == ([rows[0]], [(1, "slug mug belongs to product MUG")])


def test_what_is_known_may_be_written_again() -> None:
    rows = [row_of("A", price=eur(1)), row_of("B")]

    assert sort_rows(rows, "EUR", {"A": "MUG"}, {"mug": "MUG"}) == (rows, [])


def test_a_sku_that_is_named_twice_is_refused_and_not_decided_by_the_last() -> None:
    rows = [row_of("A"), row_of("A", price=eur(1))]

    assert sort_rows(rows, "EUR", {}, {}) == (rows[:1], [(1, "sku A is named twice")])


def test_sorting_leaves_what_was_known_as_it_was() -> None:
    owners, slugs = {"A": "MUG"}, {"mug": "MUG"}

    sort_rows([row_of("A"), row_of("B", "CUP")], "EUR", owners, slugs)

    assert (owners, slugs) == ({"A": "MUG"}, {"mug": "MUG"})


@pytest.mark.parametrize(
    "refused",
    [
        row_of("A", title=""),
        row_of("A", weight_g=0, description="Another text."),
        row_of("A", slug="lamp"),
        row_of("TAKEN"),
        row_of("A", "CUP", slug="lamp"),
        row_of("TAKEN", "CUP", slug="mug"),
    ],
)
def test_a_refused_line_claims_nothing(refused: SkuRow) -> None:
    good = row_of("A")

    written, reasons = sort_rows([refused, good], "EUR", {"TAKEN": "LAMP"}, {"lamp": "LAMP"})

    assert (written, [place for place, _ in reasons]) == ([good], [0])


rows = st.lists(
    st.builds(
        lambda sku, product, slug, title, price: row_of(sku, product, slug=slug, title=title, price=eur(price)),
        st.sampled_from("ABC"),
        st.sampled_from(["MUG", "CUP"]),
        st.sampled_from(["mug", "cup"]),
        st.sampled_from(["Mug", "Cup", ""]),
        st.integers(0, 1),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=200)
@given(rows)
def test_every_line_is_written_or_refused_and_what_is_written_fits_together(sent: list[SkuRow]) -> None:
    good, refused = sort_rows(sent, "EUR", {"C": "MUG"}, {"cup": "CUP"})

    places = {place for place, _ in refused}
    assert good == [row for place, row in enumerate(sent) if place not in places]
    assert all(len({row.product_id for row in good if row.sku == sku}) <= 1 for sku in "ABC")
    assert all(len({row.product_id for row in good if row.slug == slug}) <= 1 for slug in ("mug", "cup"))
    assert all(len({(row.slug, row.title) for row in good if row.product_id == name}) <= 1 for name in ("MUG", "CUP"))
    assert sort_rows(good, "EUR", {"C": "MUG"}, {"cup": "CUP"}) == (good, [])


def test_rows_are_described_as_an_earlier_row_of_their_product_is() -> None:
    rows = [row_of("A"), row_of("B", title="Other")]
    refused = [(1, "product MUG is described differently in an earlier line")]
    earlier = row_of("C")

    assert sort_rows(rows, "EUR", {}, {}, earlier) == (rows[:1], refused)
    assert sort_rows(rows[1:], "EUR", {}, {}, earlier) == ([], [(0, refused[0][1])])
    assert sort_rows(rows[1:], "EUR", {}, {}, row_of("C", weight_g=0)) == (rows[1:], [])


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("", ""),
        ("  ", ""),
        ("&|!():*'\"\\<->", ""),
        ("mug", "mug:*"),
        ("Blue MUG", "blue:* & mug:*"),
        ("tea-pot, 2 l", "tea:* & pot:* & 2:* & l:*"),
        ("Käse 茶", "käse:* & 茶:*"),
        ("mug' | '':*", "mug:*"),
        ("CAFE\u0301", "café:*"),
        ("a b c d e f g h i j", "a:* & b:* & c:* & d:* & e:* & f:* & g:* & h:*"),
    ],
)
def test_what_was_typed_is_all_words_each_also_as_a_beginning(typed: str, terms: str) -> None:
    assert search_terms(typed) == terms


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("Łódź", "Lodz"), ("crème", "creme"), ("cre\u0300me", "creme"), ("İstanbul", "Istanbul"), ("Høj", "Hoj"),
     ("ｗide", "wide"), ("हिंदी", "हिंदी"), ("mug 5%", "mug 5%"), ("", "")],
)  # fmt: skip
def test_words_are_also_looked_for_without_their_accents(typed: str, plain: str) -> None:
    assert without_accents(typed) == plain


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_nothing_that_was_typed_is_an_operator_of_the_query(typed: str) -> None:
    terms = search_terms(typed)

    assert re.fullmatch(r"(\w+:\*( & \w+:\*){0,7})?", terms)


def test_a_word_longer_than_a_query_takes_is_cut_and_is_still_a_beginning() -> None:
    assert search_terms("x" * 5000) == "x" * 64 + ":*"


@pytest.mark.parametrize(
    ("product", "sku", "title"), [("Mug", "Blue", "Mug, Blue"), ("Mug", "", "Mug"), ("Mug", "Mug", "Mug")]
)
def test_a_skus_name_on_its_own_tells_it_from_its_siblings(product: str, sku: str, title: str) -> None:
    assert full_title(product, sku) == title


def test_the_cheapest_sku_is_first_and_of_equals_the_first_by_name() -> None:
    skus = [view("C", 2), view("B", 1), view("A", 2)]

    assert [sku.sku for sku in cheapest_first(skus)] == ["B", "A", "C"]


def test_a_product_as_lines_says_all_that_it_is() -> None:
    product = product_of(view("A", 1, "Blue"), view("B", 2, "Sand"))

    lines = rows_of(product)

    assert [(line.sku, line.sku_title, line.price, line.weight_g) for line in lines] == [
        ("A", "Blue", eur(1), 380),
        ("B", "Sand", eur(2), 380),
    ]
    assert {(line.product_id, line.slug, line.title, line.category, line.description) for line in lines} == {
        ("MUG", "mug", "Mug", "Cups", "It holds 350 ml.")
    }


def test_a_change_of_nothing_changes_nothing() -> None:
    product = product_of(view("A", 1))

    assert changed(product, ChangeProduct(id="MUG")) == product


def test_a_change_writes_what_is_given_even_if_it_is_empty() -> None:
    product = changed(product_of(view("A", 1)), ChangeProduct(id="MUG", title="Cup", description=""))

    assert (product.title, product.description, product.category, product.slug) == ("Cup", "", "Cups", "mug")


def test_skus_that_are_given_are_written_and_others_stay() -> None:
    product = product_of(view("A", 1), view("B", 2))

    after = changed(product, ChangeProduct(id="MUG", skus=(view("A", 3), view("C", 1))))

    assert [(sku.sku, sku.price.amount) for sku in after.skus] == [("C", 1), ("B", 2), ("A", 3)]


def test_a_sku_is_taken_off_unless_it_is_the_last_or_none_of_the_product() -> None:
    two, one = product_of(view("A", 1), view("B", 2)), product_of(view("A", 1))

    assert sku_removal(two, "A") is None
    assert sku_removal(one, "A") == LastSku(id="MUG", sku="A")
    assert sku_removal(one, "B") == NoSuchSku(id="MUG", sku="B")


def test_a_renamed_sku_is_the_same_but_for_its_name() -> None:
    product = product_of(view("A", 1, "Blue"), view("B", 2))

    after = renamed(product, RenameSku(id="MUG", sku="A", name="C"))

    assert after == product_of(view("C", 1, "Blue"), view("B", 2))
    assert renamed(product, RenameSku(id="MUG", sku="C", name="A")) is None


def test_an_import_describes_a_product_anew_and_leaves_the_skus_it_does_not_name() -> None:
    known = product_of(view("A", 1), view("B", 2))

    (mug, cup) = merged({"MUG": known}, [row_of("A", title="Beaker"), row_of("X", "CUP"), row_of("Y", "CUP")])

    assert (mug.title, [sku.sku for sku in mug.skus]) == ("Beaker", ["B", "A"])
    assert mug.skus[0] == known.skus[1]
    assert (cup.id, [sku.sku for sku in cup.skus]) == ("CUP", ["X", "Y"])


def test_a_slug_that_a_product_had_leads_to_it_or_says_that_it_is_gone() -> None:
    former = {"mug": "beaker", "jug": None}

    assert missing("mug", former) == NoSuchProduct(id="mug", slug="beaker")
    assert missing("jug", former) == NoSuchProduct(id="jug", is_gone=True)
    assert missing("cup", former) == NoSuchProduct(id="cup")
