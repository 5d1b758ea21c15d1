"""Imports: what they say is what they do, whatever happens between; and what they did can be set back."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from actors.imports import goods
from bus.messages.catalog import ChangeProduct, GetProduct, NoSuchProduct, Product, ReadChanges, RemoveProduct
from bus.messages.imports import (
    BeginImport,
    ContinueImport,
    Import,
    ImportReport,
    ListImports,
    NoSuchImport,
    NotUndoable,
    ReadImport,
    ReadImportReport,
    UndoImport,
    import_key,
)
from bus.messages.inventory import AuditStock, ReceiveStock
from testkit import ShopUnderTest
from testkit.shop_under_test import Killed
from tests.actors.imports.files import Row, begin, changed, csv_of, imported, on_shelves, row, rows, state
from tests.waiting import eventually

PRODUCTS = 12


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small file is of many."""
    monkeypatch.setattr(goods, "_AT_ONCE", 4)
    monkeypatch.setattr(goods, "_PAGES", 2)


async def report_of(shop: ShopUnderTest, import_id: str) -> ImportReport:
    return await shop.ask(ReadImportReport(id=import_id))


def by_sku(lines: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {line["sku"]: line for line in lines}


def expected_counts(before: dict[str, dict[str, str]], lines: list[dict[str, str]]) -> Counter[str]:
    """What becomes of each line, by comparing it with what was there."""
    counts = Counter({"added": 0, "changed": 0, "unchanged": 0})
    for line in lines:
        known = before.get(line["sku"])
        counts["added" if known is None else "unchanged" if known == line else "changed"] += 1
    return counts


@pytest.mark.parametrize("seed", range(3))
async def test_an_import_does_what_its_dry_run_said_and_ends_equal_to_the_file(
    shop: ShopUnderTest, tmp_path: Path, seed: int
) -> None:
    first = rows(PRODUCTS)
    await imported(shop, tmp_path, first)
    before = await on_shelves(shop, PRODUCTS + 3)
    lines = [*changed(first, Random(seed)), *(row(PRODUCTS + number) for number in range(3))]

    tried = await imported(shop, tmp_path, lines, is_trial=True)
    untouched = await on_shelves(shop, PRODUCTS + 3)
    done = await imported(shop, tmp_path, lines)

    assert before == untouched == by_sku(first)
    assert await on_shelves(shop, PRODUCTS + 3) == by_sku(lines)
    assert (tried.state, done.state) == ("done", "done")
    expected = expected_counts(before, lines)
    for each in (tried, done):
        assert Counter(added=each.added, changed=each.changed, unchanged=each.unchanged) == expected
        assert (each.refused, each.lines) == (0, len(lines))
    trial, real = await report_of(shop, tried.id), await report_of(shop, done.id)
    assert (trial.added, trial.changed, trial.unchanged) == (real.added, real.changed, real.unchanged)
    assert (await shop.ask(AuditStock())).findings == ()


async def test_a_preview_has_the_fields_before_and_after(shop: ShopUnderTest, tmp_path: Path) -> None:
    await imported(shop, tmp_path, rows(1))
    lines = [row(0, 0, title="Other"), row(0, 1, title="Other", price="2000", on_hand="9"), row(1, 0)]

    tried = await imported(shop, tmp_path, lines, is_trial=True)
    report = await report_of(shop, tried.id)

    assert [(each.line, each.sku) for each in report.added] == [(4, "P1-0")]
    first, second = report.changed
    assert [(each.field, each.before, each.after) for each in first.fields] == [("title", "Product 0", "Other")]
    assert {each.field for each in second.fields} == {"title", "skus.P0-1", "on_hand"}
    assert [(each.before, each.after) for each in second.fields if each.field == "on_hand"] == [(6, 9)]


async def test_counts_are_of_all_and_previews_of_the_first_hundred(
    shop: ShopUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goods, "_AT_ONCE", 60)
    lines = rows(130, skus=1)
    added = await imported(shop, tmp_path, lines)
    same = await imported(shop, tmp_path, lines)
    more = [{**line, "price": "5"} for line in lines]
    done = await imported(shop, tmp_path, more)

    assert (added.added, same.unchanged, done.changed) == (130, 130, 130)
    assert [each.line for each in (await report_of(shop, added.id)).added] == list(range(2, 102))
    assert [each.line for each in (await report_of(shop, same.id)).unchanged] == list(range(2, 102))
    assert [each.line for each in (await report_of(shop, done.id)).changed] == list(range(2, 102))


async def test_refused_lines_are_reported_with_line_column_and_sentence(shop: ShopUnderTest, tmp_path: Path) -> None:
    bad: list[Row] = [
        row(0),
        row(1, price="1.5"),
        row(2, on_hand="-1"),
        row(3, sku="P0-0"),
        row(4, slug="p-0"),
        row(5, sku="no such name"),
        row(6, status="sold"),
    ]
    for is_trial in (True, False):
        done = await imported(shop, tmp_path, bad, is_trial=is_trial)
        report = await report_of(shop, done.id)

        assert (done.added, done.refused) == (1, 6)
        assert [(each.line, each.column) for each in report.lines] == [
            (3, "price"), (4, "on_hand"), (5, "sku"), (6, "slug"), (7, "sku"), (8, "status"),
        ]  # fmt: skip
        assert all(each.reason for each in report.lines)


async def test_a_file_that_is_none_fails_and_changes_nothing(shop: ShopUnderTest, tmp_path: Path) -> None:
    last = (await shop.ask(ReadChanges(after=0))).products[-1].revision

    file = tmp_path / "open.csv"
    file.write_bytes(csv_of(rows(9)) + b'P10,p-10,"A title,Things\r\nP11,p-11,Other,Things\r\n')
    await shop.inside.objects.put("imports/torn", file, "text/csv")
    begun = await shop.ask(BeginImport(id="imp_torn", name="open.csv", upload="imports/torn", hash="torn"))

    await shop.settle()
    done = await state(shop, begun.id)

    assert (done.state, done.reason) == ("failed", "line 29: a quote in it never closes")
    assert (await shop.ask(ReadChanges(after=last))).products == ()
    assert isinstance(await shop.ask(UndoImport(id=begun.id)), NotUndoable)
    assert await shop.inside.objects.size("imports/torn") is None


@pytest.mark.parametrize("seed", range(4))
async def test_an_undo_sets_back_what_was_not_changed_since_and_lists_the_rest(
    shop: ShopUnderTest, tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    first = rows(PRODUCTS)
    await imported(shop, tmp_path, first)
    lines = [*changed(first, chance), *(row(PRODUCTS + number) for number in range(3))]
    before = await on_shelves(shop, PRODUCTS + 3)
    done = await imported(shop, tmp_path, lines)
    after = await on_shelves(shop, PRODUCTS + 3)
    for number in chance.sample(range(PRODUCTS), 4):
        await shop.ask(ChangeProduct(id=f"P{number}", title="By hand"))
    received = chance.choice([line["sku"] for line in first])
    await shop.ask(ReceiveStock(sku=received, received=2))
    edited = await on_shelves(shop, PRODUCTS + 3)

    assert (await shop.ask(UndoImport(id=done.id, by="Ada"))) is not None
    await shop.settle()

    undone, report = await state(shop, done.id), await report_of(shop, done.id)
    expected, kept = by_hand(before, after, edited)
    assert await on_shelves(shop, PRODUCTS + 3) == expected
    assert undone.state == "undone"
    assert {each.about for each in report.kept} == kept
    assert undone.kept == len(report.kept)
    assert isinstance(await shop.ask(UndoImport(id=done.id)), NotUndoable)
    assert (await shop.ask(AuditStock())).findings == ()


def by_hand(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]], edited: dict[str, dict[str, str]]
) -> tuple[dict[str, dict[str, str]], set[str]]:
    """What an undo leads to, cell by cell: as it was, where it is as the import left it."""
    expected: dict[str, dict[str, str]] = {}
    kept: set[str] = set()
    for sku, now in edited.items():
        if sku not in before:
            continue  # It was added, and not changed since.
        then, left = before[sku], after[sku]
        expected[sku] = {name: then[name] if now[name] == left[name] else now[name] for name in now}
        for name in now:
            if then[name] != left[name] != now[name]:
                kept.add(sku if name == "on_hand" else now["product_id"])
    return expected, kept


async def test_what_was_added_and_changed_since_stays_and_what_is_gone_is_told(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    await imported(shop, tmp_path, rows(2, skus=1))
    done = await imported(shop, tmp_path, [row(0, price="5"), row(1, price="5"), row(2), row(3)])
    await shop.ask(RemoveProduct(id="P0"))
    await shop.ask(ChangeProduct(id="P2", title="Mine"))

    await shop.ask(UndoImport(id=done.id))
    await shop.settle()

    assert isinstance(await shop.ask(GetProduct(id="P0")), NoSuchProduct)
    assert isinstance(await shop.ask(GetProduct(id="P2")), Product)
    assert isinstance(await shop.ask(GetProduct(id="P3")), NoSuchProduct)
    assert (await on_shelves(shop, 2))["P1-0"]["price"] == "1000"
    kept = (await report_of(shop, done.id)).kept
    assert {(each.about, each.reason) for each in kept} == {
        ("P0", "it was removed since"), ("P2", "it was added, and has changed since"),
    }  # fmt: skip


async def test_a_trial_and_an_import_under_way_can_not_be_undone(shop: ShopUnderTest, tmp_path: Path) -> None:
    tried = await imported(shop, tmp_path, rows(1), is_trial=True)
    begun = await begin(shop, tmp_path, rows(1), is_asked=True)

    assert isinstance(await shop.ask(UndoImport(id=tried.id)), NotUndoable)
    assert isinstance(await shop.ask(UndoImport(id=begun.id)), NotUndoable)
    for ask in (ReadImport(id="none"), ContinueImport(id="none"), UndoImport(id="none")):
        assert await shop.ask(ask) == NoSuchImport(id="none")


async def test_imports_are_listed_the_last_first(shop: ShopUnderTest, tmp_path: Path) -> None:
    begun = [(await imported(shop, tmp_path, rows(1, skus=1))).id for _ in range(3)]

    page = await shop.ask(ListImports(limit=2))
    assert page.next
    rest = await shop.ask(ListImports(limit=2, after=page.next))

    assert [each.id for each in (*page.imports, *rest.imports)] == begun[::-1]


KILLS = (
    "before-call@imports.go_on",
    "after-call@imports.go_on:2",
    "import-piece-written@goods:2",
    "before-commit@catalog.import_skus:3",
    "after-commit@catalog.import_skus:3",
    "before-commit@inventory.count_shelves:2",
    "after-commit@inventory.count_shelves:2",
    "before-commit@imports.record:2",
    "after-commit@imports.record:3",
)


@pytest.mark.parametrize("point", KILLS)
async def test_an_import_that_is_killed_goes_on_and_ends_equal_to_the_file(
    shop: ShopUnderTest, tmp_path: Path, point: str
) -> None:
    first = rows(PRODUCTS)
    await imported(shop, tmp_path, first)
    lines = [*changed(first, Random(point)), *(row(PRODUCTS + number) for number in range(3))]
    expected = expected_counts(by_sku(first), lines)

    async with shop.kill_at(point):
        begun = await begin(shop, tmp_path, lines)
    await shop.settle()

    done = await state(shop, begun.id)
    assert await on_shelves(shop, PRODUCTS + 3) == by_sku(lines)
    assert Counter(added=done.added, changed=done.changed, unchanged=done.unchanged) == expected
    assert (done.state, done.refused) == ("done", 0)
    await shop.audit()


async def test_killed_twenty_times_it_ends_equal_to_the_file_and_can_be_undone(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    chance = Random(20)
    first = rows(PRODUCTS)
    await imported(shop, tmp_path, first)
    lines = [*changed(first, chance), *(row(PRODUCTS + number) for number in range(100))]
    begun = await begin(shop, tmp_path, lines)

    for _ in range(20):
        async with shop.kill_at(chance.choice(KILLS).partition(":")[0]) as kill:
            await shop.clock.at_rest()
            assert kill.happened or not (await state(shop, begun.id)).is_busy
            if not kill.happened:
                await shop.restart()
    await shop.settle()
    assert await on_shelves(shop, PRODUCTS + 100) == by_sku(lines)

    await shop.ask(UndoImport(id=begun.id))
    for point in ("inventory.undo_counts", "catalog.undo_skus", "imports.record"):
        async with shop.kill_at(f"after-commit@{point}") as kill:
            await shop.clock.at_rest()
            if not kill.happened:
                await shop.restart()
    await shop.settle()

    assert (await state(shop, begun.id)).state == "undone"
    assert await on_shelves(shop, PRODUCTS + 100) == by_sku(first)
    assert (await report_of(shop, begun.id)).kept == ()
    await shop.audit()


async def test_a_sale_between_a_kill_and_its_repeat_is_not_counted_away(shop: ShopUnderTest, tmp_path: Path) -> None:
    """What was counted before the kill is not counted again: units may have left since."""
    begun = await begin(shop, tmp_path, [row(0)], is_asked=True)
    await shop.ask(ContinueImport(id=begun.id))
    async with shop.kill_at("after-commit@inventory.count_shelves"):
        with pytest.raises(Killed):
            await shop.ask(ContinueImport(id=begun.id))
    await shop.ask(ReceiveStock(sku="P0-0", received=2))

    while (done := await shop.ask(ContinueImport(id=begun.id))) and isinstance(done, Import) and done.is_busy:
        pass

    assert await shop.available("P0-0") == 7
    assert isinstance(done, Import)
    assert (done.added, done.unchanged) == (1, 0)


async def test_files_that_a_crash_has_left_are_deleted(shop: ShopUnderTest, tmp_path: Path) -> None:
    file, objects, now = tmp_path / "left.csv", shop.inside.objects, shop.clock.now()
    file.write_bytes(b"left")
    left, new = import_key(now - timedelta(days=2), "csv"), import_key(now, "csv")
    used = import_key(now - timedelta(days=2), "csv")
    for key in (left, new, used):
        await objects.put(key, file, "text/csv")
    await shop.ask(BeginImport(id="imp_used", name="x", upload=used, hash="x", is_asked=True))

    await shop.restart()

    async def is_gone() -> bool:
        return await shop.inside.objects.size(left) is None

    assert await eventually(is_gone)
    assert await shop.inside.objects.size(new) == await shop.inside.objects.size(used) == 4


async def test_an_asker_who_was_killed_goes_on_where_it_was(shop: ShopUnderTest, tmp_path: Path) -> None:
    lines = rows(PRODUCTS)
    first = await begin(shop, tmp_path, lines, is_asked=True, hash="same")
    for _ in range(3):
        await shop.ask(ContinueImport(id=first.id))
    was = await state(shop, first.id)

    again = await begin(shop, tmp_path, lines, is_asked=True, hash="same")
    other = await begin(shop, tmp_path, lines, is_asked=True, hash="other")
    trial = await begin(shop, tmp_path, lines, is_asked=True, hash="same", is_trial=True)

    assert again == was
    assert was.done > 0
    assert {other.id, trial.id}.isdisjoint({first.id})
