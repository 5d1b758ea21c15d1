"""The cache of a process, beside a model that keeps everything; its floors; the makers; the levels."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.messages.base import Line, Money
from bus.messages.inventory import StockLevel
from bus.messages.parts import Bundle, BundlePart
from bus.messages.translations import ProductTexts
from bus.messages.views import ProductView, ViewRevision
from engine.clock import ManualClock
from engine.errors import Unavailable
from gateway.api.catalog.languages import translated
from gateway.api.catalog.products import detail_of, summary
from gateway.api.catalog.shelf import ShownStock
from gateway.api.catalog.showing import render
from gateway.api.pictures import image_view
from gateway.newer_wins import read_versioned
from gateway.views.cache import ViewCache
from gateway.views.floors import Floors
from gateway.views.levels import LiveLevels
from gateway.views.maker import Maker
from gateway.views.rendered import Rendered
from tests.gateway.views.processes import image
from tests.gateway.views.world import product
from tests.waiting import eventually

EUROS = Money(amount=100, currency="EUR")
NAMES = ("A", "B", "C", "D", "E")


def view(name: str, revision: int, letters: int = 0) -> Rendered:
    shown = product(name, revision, description="x" * letters)
    return render("/media", ProductView(revision=revision, product=shown, images=(), bundles=()))


def level(sku: str, available: int, version: int = 1) -> StockLevel:
    return StockLevel(sku=sku, available=available, version=version)


def as_json(shown: msgspec.Struct) -> object:
    return msgspec.json.decode(msgspec.json.encode(shown))


texts = st.text(max_size=30)


@given(titles=st.lists(texts, min_size=1, max_size=4), words=texts, counts=st.lists(st.integers(0, 10**9), max_size=4))
def test_a_view_with_its_stock_is_what_staff_see(titles: list[str], words: str, counts: list[int]) -> None:
    """Whatever is written in it, `"available":1}` included."""
    kind = product("A", 1, title=words, description=f'{words}","available":1}}', tags=(words, "]}"))
    (sku,) = kind.skus
    skus = tuple(msgspec.structs.replace(sku, sku=f"S{place}", title=title, is_on_sale=place != 3 or len(titles) == 1)
                 for place, title in enumerate(titles))  # fmt: skip
    kind = msgspec.structs.replace(kind, skus=skus)
    levels = {f"S{place}": level(f"S{place}", count) for place, count in enumerate(counts)}
    rendered = render("/media", ProductView(revision=7, product=kind, images=(image(1),), bundles=()))

    available = {name: each.available for name, each in levels.items()}
    pictures = [image_view("/media", image(1))]
    shown = detail_of(kind, ShownStock(levels, {}), (image(1),), "/media")
    assert msgspec.json.decode(rendered.page_with(levels)) == as_json(shown)
    listed = summary(kind, available, pictures)
    assert msgspec.json.decode(rendered.item_with(levels)) == as_json(listed)
    assert shown.available == listed.available == sum(each.available for each in shown.skus)


@given(
    needs=st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=4),
    counts=st.lists(st.integers(0, 50), max_size=5),
)
def test_of_a_bundle_there_are_as_many_as_its_parts_allow(needs: list[tuple[int, bool]], counts: list[int]) -> None:
    parts = [BundlePart(sku=f"P{place}", title="", quantity=quantity, price=EUROS, weight_g=7, is_on_sale=is_on_sale)
             for place, (quantity, is_on_sale) in enumerate(needs)]  # fmt: skip
    made = Bundle(sku="SET", edition=3, parts=tuple(parts))
    kind = product("A", 1)
    lines = tuple(Line(sku=part.sku, quantity=part.quantity) for part in parts)
    single, whole = kind.skus[0], msgspec.structs.replace(kind.skus[0], sku="SET", parts=lines)
    kind = msgspec.structs.replace(kind, skus=(single, whole))
    rendered = render("/media", ProductView(revision=7, product=kind, images=(), bundles=(made,)))

    levels = {sku: level(sku, count) for sku, count in zip([single.sku, "P0", "P1", "P2", "P3"], counts, strict=False)}
    shown = msgspec.json.decode(rendered.page_with(levels))

    have = {sku: each.available for sku, each in levels.items()}
    sets = min(have.get(part.sku, 0) // part.quantity if part.is_on_sale else 0 for part in parts)
    assert set(rendered.counted) == {single.sku, *(part.sku for part in parts)}
    assert [sku["available"] for sku in shown["skus"]] == [have.get(single.sku, 0), sets]
    assert shown["available"] == have.get(single.sku, 0) + sets
    assert shown["skus"][1]["weight_g"] == sum(7 * quantity for quantity, _ in needs)
    assert msgspec.json.decode(rendered.item_with(levels))["available"] == shown["available"]


def test_a_bundle_s_page_has_another_name_once_a_part_has_another_level() -> None:
    part = BundlePart(sku="P", title="", quantity=2, price=EUROS, weight_g=7, is_on_sale=True)
    kind = product("A", 1)
    line = Line(sku="P", quantity=2)
    whole = msgspec.structs.replace(kind, skus=(msgspec.structs.replace(kind.skus[0], sku="SET", parts=(line,)),))
    made = Bundle(sku="SET", edition=3, parts=(part,))
    rendered = render("/media", ProductView(revision=7, product=whole, images=(), bundles=(made,)))

    names = [rendered.etag({"P": level("P", 4, version=version)}) for version in (1, 2, 2)]

    assert names[0] != names[1] == names[2]


def test_a_page_has_the_same_name_as_long_as_it_is_the_same() -> None:
    kind = view("A", 3)
    name = kind.etag({"A-1": level("A-1", 5, version=2)})

    assert name == view("A", 3).etag({"A-1": level("A-1", 5, version=2), "B-1": level("B-1", 1)})
    others = [view("A", 4).etag({"A-1": level("A-1", 5, version=2)}), kind.etag({"A-1": level("A-1", 4, version=3)}),
              kind.etag({})]  # fmt: skip
    assert len({name, *others}) == 4


def test_a_view_is_shown_in_the_first_language_that_it_has() -> None:
    kind = product("A", 1, description="Of clay")
    becher, caneca = ProductTexts(title="Becher", slug="becher"), ProductTexts(title="Caneca")
    own = render(
        "/media",
        ProductView(revision=7, product=kind, images=(), bundles=(), translations={"de": becher, "pt": caneca}),
    )

    german = own.in_language(["fr", "de", "pt"])
    levels = {"A-1": level("A-1", 5)}
    assert msgspec.json.decode(german.page_with(levels)) == as_json(
        detail_of(translated(kind, becher), ShownStock(levels, {}), (), "/media")
    )
    assert msgspec.json.decode(german.item_with(levels))["title"] == "Becher"
    assert own.in_language(["fr"]) is own.in_language([]) is own
    assert len({each.etag(levels) for each in (own, german, own.in_language(["pt"]))}) == 3
    assert [own.is_called(name) for name in ("A", "a-slug", "becher", "caneca")] == [True, True, True, False]
    assert own.size > german.size


deeds = st.lists(
    st.tuples(
        st.sampled_from(["put", "get", "raise", "drop", "epoch"]),
        st.sampled_from(NAMES),
        st.integers(1, 9),
        st.integers(0, 3_000),
    ),
    max_size=60,
)


@given(deeds)
def test_a_cache_has_nothing_that_a_model_forbids_and_never_more_than_it_may(
    told: list[tuple[str, str, int, int]],
) -> None:
    most, most_each = 9_000, 4_000
    floors, kept, least = Floors(), dict[str, int](), dict[str, int]()
    cache = ViewCache(floors, most, most_each)
    for deed, name, number, letters in told:
        match deed:
            case "put":
                given_view = view(name, number, letters)
                cache.put(given_view, floors.epoch)
                if number >= least.get(name, 0) and given_view.size <= most_each and number >= kept.get(name, 0):
                    kept[name] = number
            case "raise":
                floors.raise_to([ViewRevision(product_id=name, revision=number)])
                least[name] = max(least.get(name, 0), number)
                if kept.get(name, 0) < least[name]:
                    kept.pop(name, None)
            case "drop":
                cache.drop(name)
                kept.pop(name, None)
            case "epoch":
                floors.forget_all()
                kept.clear()
            case _:
                found = cache.get(name)
                assert found is None or found.revision == kept[name]
                assert found is None or found.revision >= least.get(name, 0)
        assert cache.size <= most
        kept = {each: revision for each, revision in kept.items() if cache.get(each)}  # What had to make room.


def test_the_least_recently_shown_makes_room() -> None:
    size = view("A", 1, 1_000).size
    cache = ViewCache(Floors(), 2 * size + 10, 1 << 20)
    for name in ("A", "B"):
        cache.put(view(name, 1, 1_000), 0)
    assert cache.get("A")
    cache.put(view("C", 1, 1_000), 0)

    assert (len(cache), cache.get("B")) == (2, None)
    assert cache.get("A")
    assert cache.get("C")


def test_what_was_read_before_a_gap_is_not_kept_after_it() -> None:
    floors = Floors()
    cache, epoch = ViewCache(floors, 1 << 20, 1 << 20), floors.epoch
    floors.forget_all()
    cache.put(view("A", 1), epoch)

    assert cache.get("A") is None


def test_more_floors_than_are_kept_empty_the_cache_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.views.floors._MOST", 3)
    floors = Floors()
    cache = ViewCache(floors, 1 << 20, 1 << 20)
    cache.put(view("A", 1), floors.epoch)
    floors.raise_to([ViewRevision(product_id="A", revision=2)])
    floors.raise_to([ViewRevision(product_id=name, revision=9) for name in NAMES[1:]])

    assert floors.of("A") == 0
    assert cache.get("A") is None  # Although nobody knows its floor any more.


def test_a_value_of_others_is_none() -> None:
    assert [read_versioned(value) for value in (b"12 {}", b"12 ", b"12", b"x {}", b"", None, 7)] == [
        (12, b"{}"), (12, b""), None, None, None, None, None,
    ]  # fmt: skip


@asynccontextmanager
async def running(each: Maker[str] | LiveLevels) -> AsyncIterator[None]:
    task = asyncio.ensure_future(each.run())
    await asyncio.sleep(0)
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_many_want_is_made_once_and_who_leaves_takes_nothing_away(clock: ManualClock) -> None:
    asked, may_end = list[list[str]](), asyncio.Event()

    async def make(keys: Sequence[str]) -> Mapping[str, str]:
        asked.append(sorted(keys))
        await may_end.wait()
        return {key: key.upper() for key in keys if key != "none"}

    maker = Maker(make, clock, "letters")
    async with running(maker):
        first = [asyncio.ensure_future(maker.get(["a", "none"])) for _ in range(50)]
        await eventually(lambda: bool(asked))
        second = [asyncio.ensure_future(maker.get(["a", "b"])) for _ in range(50)]
        await asyncio.sleep(0)
        first.pop().cancel()
        may_end.set()

        assert [await each for each in first] == [{"a": "A"}] * 49
        assert [await each for each in second] == [{"a": "A", "b": "B"}] * 50
    assert asked == [["a", "none"], ["b"]]


async def test_who_waits_is_told_why_there_is_nothing(clock: ManualClock) -> None:
    async def fail(keys: Sequence[str]) -> Mapping[str, str]:
        raise Unavailable("the catalog", f"no {keys[0]}", retry_after_s=2.0)

    maker = Maker(fail, clock, "letters")
    async with running(maker):
        for _ in range(2):  # It goes on.
            with pytest.raises(Unavailable, match="no a"):
                await maker.get(["a"])


async def test_levels_are_read_once_and_follow_what_is_told(clock: ManualClock) -> None:
    books, reads = {"MUG": level("MUG", 5)}, list[list[str]]()

    async def read(skus: Sequence[str]) -> Sequence[StockLevel]:
        reads.append(list(skus))
        return [books[sku] for sku in skus if sku in books]

    levels = LiveLevels(read, clock)
    async with running(levels):
        for _ in range(3):
            assert await levels.read(["MUG", "NONE"]) == {"MUG": level("MUG", 5)}
        assert reads == [["MUG", "NONE"]]
        levels.changed([level("MUG", 4, version=3)])
        levels.changed([level("MUG", 9, version=2)])  # Late.
        assert await levels.read(["MUG"]) == {"MUG": level("MUG", 4, version=3)}
        clock.jump(timedelta(seconds=10))
        assert await levels.read(["MUG"]) == {"MUG": level("MUG", 4, version=3)}  # Read, and older than what is known.
        levels.stale()
        assert await levels.read(["MUG"]) == {"MUG": level("MUG", 5)}
    assert reads[1:] == [["MUG"], ["MUG"]]
