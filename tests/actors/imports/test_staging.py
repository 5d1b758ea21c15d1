"""Lines are staged product by product, whatever their order, and a file costs no memory."""

import csv
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.imports.staging import LinePlace, Staging
from bus.goods.rows import GoodsLine
from testkit.programs import ROOT
from tests.actors.imports.files import Row, csv_of, row

NOWHERE = LinePlace(0, 0)


def staged(folder: Path, lines: Sequence[Row]) -> Staging:
    file = folder / "goods.csv"
    file.write_bytes(csv_of(lines))
    return Staging().fill(file, None)


def pages(
    staging: Staging, most: int, *, after: LinePlace = NOWHERE, is_trial: bool = False
) -> tuple[list[list[GoodsLine]], list[tuple[int, str]]]:
    found, refused, place = list[list[GoodsLine]](), list[tuple[int, str]](), after
    while (page := staging.page(place, most, has_stock=True, is_trial=is_trial)).end is not None:
        assert page.end > place
        place = page.end
        found.append(page.lines)
        refused += page.refused
    return found, refused


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 7))
def test_pages_have_all_lines_by_the_first_line_of_their_product(
    tmp_path_factory: pytest.TempPathFactory, products: list[int], most: int
) -> None:
    lines = [row(product, number) for number, product in enumerate(products)]
    first_of = {product: products.index(product) for product in products}
    expected = sorted(range(len(lines)), key=lambda place: (first_of[products[place]], place))

    staging = staged(tmp_path_factory.mktemp("staged"), lines)
    found, refused = pages(staging, most)

    assert [line.row.sku for page in found for line in page] == [lines[place]["sku"] for place in expected]
    assert [line.number for page in found for line in page] == [place + 2 for place in expected]
    assert refused == []
    assert all(len(page) <= most for page in found)
    for page, following in pairwise(found):  # Divided only where one has more than a page.
        if page[-1].row.product_id == following[0].row.product_id:
            assert len({line.row.product_id for line in page}) == 1
    assert staging.lines == len(lines)
    staging.close()


def test_names_that_lines_have_in_common_are_refused_by_the_line_of_the_first(tmp_path: Path) -> None:
    lines = [row(0), row(1, sku="P0-0"), row(2, slug="p-0"), row(3, barcode="40"), row(4, barcode="40"), row(0)]
    _, refused = pages(staged(tmp_path, lines), 2)
    _, tried = pages(staged(tmp_path, lines), 2, is_trial=True)

    assert refused == [(7, "sku P0-0 stands in line 2 already"), (3, "sku P0-0 stands in line 2 already")]
    assert tried == [*refused, (4, "slug p-0 belongs to product P0"), (6, "barcode 40 is that of P3-0")]


def test_names_are_claimed_again_where_an_import_goes_on_in_another_process(tmp_path: Path) -> None:
    lines = [row(product, number) for number, product in enumerate((0, 0, 1, 2, 2))]
    lines[4]["sku"] = lines[0]["sku"]
    first = staged(tmp_path, lines)
    begun = first.page(NOWHERE, 2, has_stock=True, is_trial=False)
    assert begun.end is not None
    first.close()

    _, refused = pages(staged(tmp_path, lines), 2, after=begun.end)

    assert refused == [(6, f"sku {lines[0]['sku']} stands in line 2 already")]


def test_products_with_bundles_come_after_all_others(tmp_path: Path) -> None:
    lines = [row(0), row(1), row(2, parts="-"), row(3, parts="P2-2; P9-9"), row(0, 4, parts="P1-1"), row(4)]
    staging = staged(tmp_path, lines)

    (found, *_), _ = pages(staging, 9)
    assert [line.row.product_id for line in found] == ["P1", "P2", "P4", "P0", "P0", "P3"]
    assert [line.number for line in found] == [3, 4, 7, 2, 6, 5]


def test_a_trial_knows_the_parts_that_earlier_lines_add(tmp_path: Path) -> None:
    staging = staged(tmp_path, [row(0), row(1, parts="P0-0; MUG"), row(2, parts="P0-0; P9-9")])
    first = staging.page(NOWHERE, 1, has_stock=True, is_trial=True)
    assert (first.end, first.tried) == (LinePlace(1, 2), ())
    second = staging.page(LinePlace(1, 2), 1, has_stock=True, is_trial=True)
    assert second.tried == ("P0-0",)
    assert second.end is not None
    assert staging.page(second.end, 1, has_stock=True, is_trial=True).tried == ("P0-0",)


def test_pictures_are_named_by_product_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = [row(0, images="b.jpg; a.jpg"), row(1), row(2, images="c.jpg"), row(0, 1, images="a.jpg; d.jpg")]
    staging = staged(tmp_path, lines)

    first = staging.pictures(NOWHERE, 1)
    assert [(each.product_id, each.source, each.place.line) for each in first] == [
        ("P0", "b.jpg", 2), ("P0", "a.jpg", 2), ("P0", "d.jpg", 5),
    ]  # fmt: skip
    assert [each.source for each in staging.pictures(first[-1].place, 9)] == ["c.jpg"]
    assert staging.has_pictures


MEASURE = """
import resource, sys
from itertools import pairwise
from pathlib import Path
from actors.imports.staging import LinePlace, Staging
staging, place = Staging().fill(Path(sys.argv[1]), None), LinePlace(0, 0)
while (page := staging.page(place, 500, has_stock=True, is_trial=True)).end is not None:
    place = page.end
print(staging.lines, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def memory_of(file: Path, lines: int) -> int:
    """KiB that a process takes for a file of so many lines, in the worst order."""
    order = list(range(lines))
    Random(1).shuffle(order)
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(row(0)))
        writer.writeheader()
        writer.writerows(row(number // 3, number) for number in order)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(file)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    counted, memory = map(int, done.stdout.split())
    assert counted == lines
    return memory


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, large = (memory_of(tmp_path / f"{lines}.csv", lines) for lines in (20_000, 100_000))

    assert large - small < 8 << 10  # 80,000 lines of 300 bytes are 24 MiB, and several times that as objects.
