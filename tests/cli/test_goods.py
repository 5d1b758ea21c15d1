"""Goods in and out of CSV files: good lines are taken, bad ones are listed with their numbers, nothing else happens."""

import csv
from pathlib import Path

import pytest

from bus.messages.cart import CreateCart, SetLine
from bus.messages.catalog import GetProduct, NoSuchProduct, PriceSkus, Product
from cli.goods import COLUMNS, Report, export_file, import_file, import_goods, read_file
from cli.goods_rows import REQUIRED
from cli.optional_columns import OPTIONAL
from engine.errors import BadInput
from testkit import ShopUnderTest

GOOD = {
    "product_id": "VASE",
    "slug": "vase",
    "title": "Vase",
    "category": "Home",
    "description": 'Blown "by hand",\nin two colours',
    "sku": "VASE-RED",
    "sku_title": "Rot, groß",
    "price": "2500",
    "currency": "EUR",
    "weight_g": "900",
    "on_hand": "7",
}


def write(file: Path, *rows: dict[str, str], encoding: str = "utf-8") -> Path:
    with file.open("w", encoding=encoding, newline="") as target:
        writer = csv.DictWriter(target, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return file


def read(file: Path) -> dict[str, dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as source:
        return {row["sku"]: row for row in csv.DictReader(source)}


async def test_what_goes_in_comes_out_again(shop: ShopUnderTest, tmp_path: Path) -> None:
    report = await import_file(shop.inside.bus, write(tmp_path / "in.csv", GOOD))
    written = await export_file(shop.inside.bus, tmp_path / "out.csv")

    assert report == Report(written=1)
    assert written == 4  # With what was on the shelves before.
    rest = {**dict.fromkeys(OPTIONAL, "-"), "status": "active", "on_sale": "yes"}
    assert read(tmp_path / "out.csv")["VASE-RED"] == {**GOOD, **rest}


async def test_a_spreadsheets_byte_order_mark_is_no_part_of_the_first_column(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    assert (await import_file(shop.inside.bus, write(tmp_path / "in.csv", GOOD, encoding="utf-8-sig"))).written == 1


async def test_refused_lines_are_listed_with_their_numbers_and_the_rest_is_taken(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    flat = {**GOOD, "description": "Flat."}
    bad = [{**flat, "on_hand": "-1"}, {**flat, "price": "1e3"}, {**flat, "sku": ""}]
    goods = read_file(write(tmp_path / "in.csv", bad[0], flat, bad[1], bad[2]))
    done: list[int] = []

    report = await import_goods(shop.inside.bus, goods, done.append)

    assert (report.written, [number for number, _ in report.refused]) == (1, [2, 4, 5])
    assert sum(done) == len(goods.lines) == 2  # The others could not be read.
    assert await shop.available("VASE-RED") == 7


async def test_stock_below_what_carts_hold_is_refused_and_the_rest_of_the_line_is_taken(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    await import_file(shop.inside.bus, write(tmp_path / "in.csv", GOOD))
    cart = await shop.ask(CreateCart())
    await shop.ask(SetLine(cart_id=cart.id, sku="VASE-RED", quantity=3))

    report = await import_file(shop.inside.bus, write(tmp_path / "in.csv", {**GOOD, "on_hand": "2"}))

    assert report.refused == [(3, "stock: 3 units are sold or held, more than 2")]
    assert await shop.available("VASE-RED") == 4


@pytest.mark.parametrize("without", ["the column", "a number"])
async def test_a_file_without_stock_leaves_it_alone(shop: ShopUnderTest, tmp_path: Path, without: str) -> None:
    await import_file(shop.inside.bus, write(tmp_path / "in.csv", GOOD))
    columns = COLUMNS[:-1] if without == "the column" else COLUMNS
    file = tmp_path / "prices.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerow({**GOOD, "price": "2600", "on_hand": ""})

    assert await import_file(shop.inside.bus, file) == Report(written=1)

    assert await shop.available("VASE-RED") == 7
    (priced,) = (await shop.ask(PriceSkus(skus=("VASE-RED",)))).skus
    assert priced.price.amount == 2600


async def test_a_trial_refuses_what_an_import_would_refuse_and_writes_nothing(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    bus = shop.inside.bus
    await import_file(bus, write(tmp_path / "in.csv", GOOD))
    cart = await shop.ask(CreateCart())
    await shop.ask(SetLine(cart_id=cart.id, sku="VASE-RED", quantity=3))
    new = {**GOOD, "product_id": "JAR", "slug": "jar", "sku": "JAR", "on_hand": "5"}
    goods = read_file(write(tmp_path / "in.csv", {**GOOD, "price": "1", "on_hand": "2"}, new, {**new, "sku": "!"}))

    tried = await import_goods(bus, goods, is_trial=True)

    assert await shop.available("VASE-RED") == 4
    assert (await shop.ask(PriceSkus(skus=("VASE-RED", "JAR")))).skus[0].price.amount == 2500
    assert isinstance(await shop.ask(GetProduct(id="JAR")), NoSuchProduct)
    assert tried == await import_goods(bus, goods)


async def test_lines_of_a_product_are_compared_wherever_they_stand(shop: ShopUnderTest, tmp_path: Path) -> None:
    flat = {**GOOD, "description": "Flat."}
    others = [{**flat, "product_id": f"P{n}", "slug": f"p{n}", "sku": f"P{n}"} for n in range(600)]
    file = write(tmp_path / "in.csv", flat, *others, {**flat, "sku": "VASE-TWO", "title": "Jug"})

    report = await import_file(shop.inside.bus, file)

    assert report.refused == [(603, "product VASE is described differently in an earlier line")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "in.csv: it is empty$"),
        (b"\xef\xbb\xbf \r\n\r\n", "in.csv: it is empty$"),
        (b"sku,price\nA,1\n", "its first line lacks product_id"),
        (b"\xff\xfe\x00", "can't read"),
        (b"PK\x03\x04", "workbook"),
    ],
)
async def test_another_kind_of_file_is_refused_whole(
    shop: ShopUnderTest, tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=why):
        await import_file(shop.inside.bus, file)


async def test_a_file_that_can_not_be_written_is_refused(shop: ShopUnderTest, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing/out\.csv: no such file or directory$"):
        await export_file(shop.inside.bus, tmp_path / "missing" / "out.csv")


SHIRT = {
    **GOOD,
    "product_id": "SHIRT",
    "slug": "shirt",
    "brand": "Acme",
    "tags": "new; summer",
    "status": "draft",
    "publish_at": "2040-01-01T00:00:00+00:00",
    "unpublish_at": "-",
    "on_sale": "yes",
    "parts": "-",
}
SIZES = [
    {**SHIRT, "sku": f"SHIRT-{size}", "options": f"Size={size}; Colour=red", "barcode": f"40063813339{place}"}
    for place, size in enumerate(["S", "M"])
]


async def test_all_of_a_product_goes_in_and_comes_out_again(shop: ShopUnderTest, tmp_path: Path) -> None:
    assert await import_file(shop.inside.bus, write(tmp_path / "in.csv", *SIZES)) == Report(written=2)
    await export_file(shop.inside.bus, tmp_path / "out.csv")

    out = read(tmp_path / "out.csv")
    assert [out["SHIRT-S"], out["SHIRT-M"]] == SIZES
    product = await shop.ask(GetProduct(id="SHIRT", even_hidden=True))
    assert isinstance(product, Product)
    assert [(option.name, option.values) for option in product.options] == [("Size", ("S", "M")), ("Colour", ("red",))]


async def test_empty_cells_leave_what_is_there_and_a_dash_empties(shop: ShopUnderTest, tmp_path: Path) -> None:
    await import_file(shop.inside.bus, write(tmp_path / "in.csv", *SIZES))
    more = [
        {**SIZES[0], "brand": "", "tags": "", "status": "", "publish_at": "-", "options": "", "barcode": "-"},
        {**SIZES[1], "brand": "", "tags": "", "status": "", "publish_at": "-", "options": "Size=XL; Colour=red"},
    ]
    assert await import_file(shop.inside.bus, write(tmp_path / "more.csv", *more)) == Report(written=2)

    product = await shop.ask(GetProduct(id="SHIRT", even_hidden=True))

    assert isinstance(product, Product)
    assert (product.brand, product.tags, product.status, product.publish_at) == (
        "Acme", ("new", "summer"), "draft", None,
    )  # fmt: skip
    assert {sku.sku: (sku.options, sku.barcode) for sku in product.skus} == {
        "SHIRT-S": (("S", "red"), None),
        "SHIRT-M": (("XL", "red"), "400638133391"),
    }


async def test_a_product_that_can_not_be_is_refused_with_all_of_its_lines(shop: ShopUnderTest, tmp_path: Path) -> None:
    twins = [{**row, "options": "Size=S; Colour=red"} for row in SIZES]
    other = {**GOOD, "sku": "OTHER", "barcode": "400638133390"}
    same = {**GOOD, "product_id": "JUG", "slug": "jug", "sku": "JUG", "barcode": "400638133390"}

    report = await import_file(shop.inside.bus, write(tmp_path / "in.csv", *twins, other, same))

    assert report.written == 1
    assert report.refused == [
        (3, "sku SHIRT-S has the options of SHIRT-M"),  # Each line of theirs is two in the file.
        (5, "sku SHIRT-S has the options of SHIRT-M"),
        (9, "barcode 400638133390 is that of OTHER"),
    ]


def test_columns_that_mean_nothing_are_named(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text(",".join([*REQUIRED, "on_hnad", "colour"]) + "\n", encoding="utf-8")

    assert read_file(file).ignored == ("colour", "on_hnad")
    assert read_file(write(file, GOOD)).ignored == ()


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        read_file(tmp_path / "none.csv")

    assert str(refused.value) == f"can't read {tmp_path / 'none.csv'}: no such file or directory"


async def test_bundles_come_after_their_parts_have_none_of_the_stock_and_go_out_as_they_came(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    bundle = {**GOOD, "product_id": "SET", "slug": "set", "sku": "SET", "on_hand": "", "parts": "MUG x2; VASE-RED"}
    file = write(tmp_path / "in.csv", bundle, GOOD, {**bundle, "sku": "BOX", "on_hand": "3"})

    report = await import_file(shop.inside.bus, file)

    assert [why for _, why in report.refused] == ["stock: a bundle has none of its own; set that of its parts"]
    assert await shop.available("SET") == 5
    await export_file(shop.inside.bus, tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    assert (rows["SET"]["on_hand"], rows["SET"]["parts"], rows["MUG"]["parts"]) == ("", "MUG x2; VASE-RED", "-")
    assert (await import_file(shop.inside.bus, tmp_path / "out.csv")).refused == []
    assert await shop.available("SET") == 5
