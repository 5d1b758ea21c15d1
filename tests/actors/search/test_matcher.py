"""The index finds what brute force finds, in the same order, and counts what a plain recount counts."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs

from actors.search.asked import Question, Sort, read
from actors.search.findable import ALWAYS, Findable
from bus.messages.sorting import sort_key
from tests.actors.search import matcher
from tests.actors.search.indexes import an_index

NOW = 1000
# Few words, so that they meet: plurals, typos of each other, parts and joins, codes, other scripts.
WORDS = [
    "mug", "mugs", "tea", "bowl", "teabowl", "lamp", "lamb", "stoneware", "stonewear", "stonewaer", "stoneware's",
    "x", "5l", "0.5", "AC/DC", "茶碗", "茶", "Łódź", "lodz", "é", "🎁", "&", "knife", "knives", "note-book", "notebook",
]  # fmt: skip
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
colours = st.lists(st.sampled_from(["red", "Dark blue", "5"]), max_size=2, unique=True).map(tuple)
sizes = st.lists(st.sampled_from(["S", "M"]), max_size=2, unique=True).map(tuple)
entries = st.lists(
    st.builds(
        Findable,
        id=st.integers(0, 10**9).map("P{}".format),
        title=texts,
        keys=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
        codes=st.lists(st.sampled_from(["MUG-5L", "AC123X", "123"]), max_size=1).map(tuple),
        body=st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
        facets=st.fixed_dictionaries({"colour": colours, "size": sizes}),
        price=st.integers(0, 20),
        is_in_stock=st.booleans(),
        popularity=st.sampled_from([0.0, 0.5, 1.0]),
        visible_from=st.sampled_from([0, 0, 0, NOW, NOW + 1]),
        visible_until=st.sampled_from([ALWAYS, ALWAYS, ALWAYS, NOW, NOW + 1]),
    ),
    min_size=8, max_size=20, unique_by=lambda entry: entry.id,
)  # fmt: skip
queries = st.lists(st.sampled_from([*WORDS, "stonwares", "kni", "bow", "ac12", "123x", "lampt"]), max_size=4).map(
    " ".join
)
filters = st.fixed_dictionaries({"colour": colours, "size": sizes}).map(
    lambda chosen: {name: values for name, values in chosen.items() if values}
)
questions = st.builds(
    Question,
    q=queries,
    filters=filters,
    price=st.tuples(st.none() | st.integers(0, 20), st.none() | st.integers(0, 20)),
    in_stock=st.booleans(),
    facets=st.just(("colour", "size")),
    limit=st.just(100),
)
# Each example builds an index, so a failure is shown as it came: shrinking it takes minutes.
few = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@few
@given(products=entries, asked=st.lists(questions, min_size=8, max_size=8))
def test_the_index_finds_what_brute_force_finds(products: list[Findable], asked: list[Question]) -> None:
    by_id = {entry.id: entry for entry in products}
    with an_index(products) as finder:
        for question in asked:
            found = finder.find(question, NOW)
            everything = matcher.find(products, question, NOW)
            expected = {each: score for each, score in everything.items() if matcher.passes(by_id[each], question)}

            assert set(found.ids) == set(expected), question
            assert found.total == len(expected)
            ranks = [(-round(expected[each], 3), -by_id[each].popularity) for each in found.ids]
            assert ranks == sorted(ranks), (question, found)


@few
@given(products=entries, asked=st.lists(questions, min_size=8, max_size=8))
def test_facets_count_what_a_recount_counts(products: list[Findable], asked: list[Question]) -> None:
    by_id = {entry.id: entry for entry in products}
    with an_index(products) as finder:
        for question in asked:
            found = finder.find(question, NOW)
            at_any_price = [
                by_id[each].price
                for each in matcher.find(products, question, NOW)
                if matcher.passes(by_id[each], question, but="price")
            ]

            for name in question.facets or ():
                counted = {each.value: each.count for each in found.facets[name]}
                assert counted == matcher.count(products, question, NOW, name), question
            assert found.prices == ((min(at_any_price), max(at_any_price)) if at_any_price else None)


KEYS: Mapping[Sort, Callable[[Findable], tuple[int, str]]] = {
    "price": lambda product: (product.price, ""),
    "-price": lambda product: (-product.price, ""),
    "title": lambda product: (0, sort_key(product.title, "en")),
}


@few
@given(products=entries, question=questions, sort=st.sampled_from([*KEYS]), size=st.integers(1, 7))
def test_pages_in_any_order_are_whole(products: list[Findable], question: Question, sort: Sort, size: int) -> None:
    by_id = {product.id: product for product in products}
    with an_index(products) as finder:
        pages: list[str] = []
        for skip in range(0, 40, size):
            pages += finder.find(structs.replace(question, sort=sort, skip=skip, limit=size), NOW).ids
        everything = finder.find(question, NOW).ids
    keys = [KEYS[sort](by_id[each]) for each in pages]

    assert len(pages) == len(set(pages))
    assert set(pages) == set(everything)
    assert keys == sorted(keys)


@pytest.mark.parametrize("language", ["en", "de", "sv", "da", "tr"])
def test_titles_are_sorted_as_the_list_without_a_question_sorts_them(language: str) -> None:
    titles = ["Zebra", "apple", "Äpple", "Ål", "“Mug”", "Öl", "Iz", "ırmak", "Æble", "Čaj", "zoo", "...lamp", "Ofen"]
    products = [Findable(id=f"P{place}", title=title, keys=("one",)) for place, title in enumerate(titles)]
    with an_index(products, language) as finder:
        found = finder.find(Question(q="one", sort="title"), NOW)

    assert [titles[int(each[1:])] for each in found.ids] == sorted(titles, key=lambda each: sort_key(each, language))


any_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: bool(read(text).words)
)
titles = st.lists(any_text | texts, min_size=1, max_size=10)


@few
@given(titles=titles)
def test_every_product_is_found_by_its_title_and_by_each_word_of_it(titles: list[str]) -> None:
    products = [Findable(id=f"P{place}", title=title) for place, title in enumerate(titles)]
    with an_index(products) as finder:
        for product in products:
            words = [word for word in product.title.split() if read(word).words]
            for q in [product.title, product.title.upper(), product.title.lower(), *words]:
                assert product.id in finder.find(Question(q=q, limit=100), NOW).ids, q
            first = finder.find(Question(q=product.title, limit=100), NOW)
            alike = {other.id for other in products if read(other.title).wholes == read(product.title).wholes}
            assert first.is_cut or first.ids[0] in alike or first.scores[0] > 100
