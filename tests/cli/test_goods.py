"""Goods in and out of CSV files: good lines are taken, bad ones are listed with their numbers, nothing else happens."""

import csv
from pathlib import Path

import pytest

from bus.goods.columns import OPTIONAL
from bus.goods.rows import COLUMNS
from bus.messages.cart import CreateCart, SetLine
from bus.messages.catalog import GetProduct, NoSuchProduct, PriceSkus, Product
from bus.messages.imports import Import
from bus.messages.warehouse import Pack, Pick, PickList, Ship
from cli.goods import export_file, import_file, report_lines
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

SET = {**GOOD, "product_id": "SET", "slug": "set", "sku": "SET", "on_hand": "", "parts": "MUG x2; VASE-RED"}


def write(file: Path, *rows: dict[str, str], encoding: str = "utf-8") -> Path:
    with file.open("w", encoding=encoding, newline="") as target:
        writer = csv.DictWriter(target, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return file


async def imported(shop: ShopUnderTest, file: Path, *, is_trial: bool = False) -> tuple[int, list[tuple[int, str]]]:
    """Import a file; returns how many of its lines were taken, and those that were refused."""
    done = await import_file(shop.inside, file, is_trial=is_trial)
    assert done.state == "done"
    assert done.lines == done.done
    lines = await report_lines(shop.inside.bus, done.id)
    assert len(lines) == done.refused
    return done.added + done.changed + done.unchanged, [(line.line, line.reason) for line in lines]


def read(file: Path) -> dict[str, dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as source:
        return {row["sku"]: row for row in csv.DictReader(source)}


async def test_what_goes_in_comes_out_again(shop: ShopUnderTest, tmp_path: Path) -> None:
    report = await imported(shop, write(tmp_path / "in.csv", GOOD))
    written = await export_file(shop.inside.bus, tmp_path / "out.csv")

    assert report == (1, [])
    assert written == 4  # With what was on the shelves before.
    rest = {**dict.fromkeys(OPTIONAL, "-"), "status": "active", "on_sale": "yes"}
    assert read(tmp_path / "out.csv")["VASE-RED"] == {**GOOD, **rest}


async def test_inputs_go_in_and_come_out_again_and_what_does_not_fit_is_refused(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    cell = r"name | Your name\; or hers | text | up to 30 | +500 | required; wrap | Wrap | choice Red, Dark blue"
    vase, blue = {**GOOD, "inputs": cell}, {**GOOD, "sku": "VASE-BLUE", "inputs": cell}
    assert await imported(shop, write(tmp_path / "in.csv", vase, blue)) == (2, [])

    product = await shop.ask(GetProduct(id="VASE"))
    assert isinstance(product, Product)
    assert [(each.key, each.title, each.is_required) for each in product.inputs] == [
        ("name", "Your name; or hers", True), ("wrap", "Wrap", False),
    ]  # fmt: skip
    await export_file(shop.inside.bus, tmp_path / "out.csv")
    assert {row["inputs"] for name, row in read(tmp_path / "out.csv").items() if name in ("VASE-RED", "VASE-BLUE")} == {
        cell
    }
    assert await imported(shop, tmp_path / "out.csv") == (5, [])
    assert await shop.ask(GetProduct(id="VASE")) == product  # Nothing has changed.

    other = {**blue, "inputs": "name | Your name | text"}
    twice = {**GOOD, "product_id": "JAR", "slug": "jar", "sku": "JAR", "inputs": "a | A | text; a | B | text"}
    _, refused = await imported(shop, write(tmp_path / "in.csv", vase, other, twice))
    assert [number for number, _ in refused] == [5, 7]  # Each has a line break in it.
    assert "described differently" in refused[0][1]
    assert refused[1][1].startswith("inputs: at most 10, each key once")

    assert await imported(shop, write(tmp_path / "in.csv", {**GOOD, "inputs": ""})) == (1, [])
    assert await shop.ask(GetProduct(id="VASE")) == product
    assert await imported(shop, write(tmp_path / "in.csv", {**GOOD, "inputs": "-"})) == (1, [])
    without = await shop.ask(GetProduct(id="VASE"))
    assert isinstance(without, Product)
    assert without.inputs == ()


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "'="])
async def test_what_a_spreadsheet_would_take_for_a_formula_goes_out_guarded_and_in_again(
    shop: ShopUnderTest, tmp_path: Path, sign: str
) -> None:
    formula = {**GOOD, "description": "Flat.", "title": f"{sign}2+2", "sku_title": f"{sign}1", "brand": f"{sign}3"}
    await imported(shop, write(tmp_path / "in.csv", formula))
    vase = await shop.ask(GetProduct(id="VASE"))
    assert isinstance(vase, Product)

    await export_file(shop.inside.bus, tmp_path / "out.csv")

    cells = read(tmp_path / "out.csv")["VASE-RED"]
    assert {cells[name][0] for name in ("title", "sku_title", "brand")} == {"'"}
    done = await import_file(shop.inside, tmp_path / "out.csv")
    assert (done.unchanged, done.refused) == (4, 0)
    assert await shop.ask(GetProduct(id="VASE")) == vase


async def test_a_spreadsheets_byte_order_mark_is_no_part_of_the_first_column(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    assert await imported(shop, write(tmp_path / "in.csv", GOOD, encoding="utf-8-sig")) == (1, [])


async def test_refused_lines_are_listed_with_their_numbers_and_the_rest_is_taken(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    flat = {**GOOD, "description": "Flat."}
    bad = [{**flat, "on_hand": "-1"}, {**flat, "price": "1e3"}, {**flat, "sku": ""}]
    seen: list[Import] = []

    done = await import_file(
        shop.inside,
        write(tmp_path / "in.csv", bad[0], flat, bad[1], bad[2]),
        on_progress=seen.append,
    )

    assert (done.added, [line.line for line in await report_lines(shop.inside.bus, done.id)]) == (1, [2, 4, 5])
    assert seen[-1] == done
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert await shop.available("VASE-RED") == 7


async def test_stock_below_what_carts_hold_is_refused_and_the_rest_of_the_line_is_taken(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    await imported(shop, write(tmp_path / "in.csv", GOOD))
    cart = await shop.ask(CreateCart())
    await shop.ask(SetLine(cart_id=cart.id, sku="VASE-RED", quantity=3))

    _, refused = await imported(shop, write(tmp_path / "in.csv", {**GOOD, "on_hand": "2", "price": "2600"}))

    assert refused == [(3, "on_hand: 3 units are sold or held, more than 2; the rest of the line is taken")]
    assert (await shop.ask(PriceSkus(skus=("VASE-RED",)))).skus[0].price.amount == 2600
    assert await shop.available("VASE-RED") == 4


@pytest.mark.parametrize("without", ["the column", "a number"])
async def test_a_file_without_stock_leaves_it_alone(shop: ShopUnderTest, tmp_path: Path, without: str) -> None:
    await imported(shop, write(tmp_path / "in.csv", GOOD))
    columns = COLUMNS[:-1] if without == "the column" else COLUMNS
    file = tmp_path / "prices.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerow({**GOOD, "price": "2600", "on_hand": ""})

    assert await imported(shop, file) == (1, [])

    assert await shop.available("VASE-RED") == 7
    (priced,) = (await shop.ask(PriceSkus(skus=("VASE-RED",)))).skus
    assert priced.price.amount == 2600


@pytest.mark.parametrize("left_out", ["by the flag", "by empty cells", "by dropping the column"])
async def test_new_prices_in_an_export_put_no_sold_units_back(
    shop: ShopUnderTest, tmp_path: Path, left_out: str
) -> None:
    await export_file(shop.inside.bus, tmp_path / "out.csv")
    bought = await shop.buy(MUG=4)
    await shop.settle()
    assert isinstance(await shop.ask(Pick(id=bought.order_id)), PickList)
    assert isinstance(await shop.ask(Pack(id=bought.order_id)), PickList)
    await shop.settle()
    assert isinstance(await shop.ask(Ship(id=bought.order_id)), PickList)
    await shop.settle()
    rows = [{**row, "price": "1300"} for row in read(tmp_path / "out.csv").values()]
    assert {row["sku"]: row["on_hand"] for row in rows}["MUG"] == "10"
    columns = [name for name in rows[0] if left_out != "by dropping the column" or name != "on_hand"]
    with (tmp_path / "prices.csv").open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row, **({"on_hand": ""} if left_out == "by empty cells" else {})} for row in rows)

    done = await import_file(shop.inside, tmp_path / "prices.csv", has_stock=left_out != "by the flag")

    assert (done.changed, done.refused) == (3, 0)
    assert await shop.available("MUG") == 6
    (priced,) = (await shop.ask(PriceSkus(skus=("MUG",)))).skus
    assert priced.price.amount == 1300
    await shop.audit()


async def test_a_trial_refuses_what_an_import_would_refuse_and_writes_nothing(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    await imported(shop, write(tmp_path / "in.csv", GOOD))
    cart = await shop.ask(CreateCart())
    await shop.ask(SetLine(cart_id=cart.id, sku="VASE-RED", quantity=3))
    new = {**GOOD, "product_id": "JAR", "slug": "jar", "sku": "JAR", "on_hand": "5"}
    twin = {**new, "product_id": "JAR-2", "sku": "JAR-2"}
    file = write(tmp_path / "in.csv", {**GOOD, "price": "1", "on_hand": "2"}, new, {**new, "sku": "!"}, twin)

    tried = await imported(shop, file, is_trial=True)

    assert await shop.available("VASE-RED") == 4
    assert (await shop.ask(PriceSkus(skus=("VASE-RED", "JAR")))).skus[0].price.amount == 2500
    assert isinstance(await shop.ask(GetProduct(id="JAR")), NoSuchProduct)
    assert tried == await imported(shop, file)


async def test_lines_of_a_product_are_compared_wherever_they_stand(shop: ShopUnderTest, tmp_path: Path) -> None:
    flat = {**GOOD, "description": "Flat."}
    others = [{**flat, "product_id": f"P{n}", "slug": f"p{n}", "sku": f"P{n}"} for n in range(600)]
    file = write(tmp_path / "in.csv", flat, *others, {**flat, "sku": "VASE-TWO", "title": "Jug"})

    _, refused = await imported(shop, file)

    assert refused == [(603, "product VASE is described differently in an earlier line")]


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        ({}, {"product_id": "JUG", "slug": "jug"}, "sku VASE-RED stands in line 2 already"),
        ({}, {"product_id": "JUG", "sku": "JUG"}, "slug vase belongs to product VASE"),
        ({"barcode": "40"}, {"product_id": "JUG", "slug": "jug", "sku": "JUG", "barcode": "40"},
         "barcode 40 is that of VASE-RED"),
        ({}, {"sku": "VASE-TWO", "category": "Garden"}, "product VASE is described differently in an earlier line"),
    ],
)  # fmt: skip
async def test_names_of_a_file_are_told_apart_wherever_they_stand(
    shop: ShopUnderTest, tmp_path: Path, first: dict[str, str], last: dict[str, str], why: str
) -> None:
    flat = {**GOOD, "description": "Flat."}
    others = [{**flat, "product_id": f"P{n}", "slug": f"p{n}", "sku": f"P{n}"} for n in range(600)]
    file = write(tmp_path / "in.csv", {**flat, **first}, *others, {**flat, **last})

    tried = await imported(shop, file, is_trial=True)

    assert tried == (601, [(603, why)])
    assert tried == await imported(shop, file)


async def test_all_lines_of_a_large_product_are_compared(shop: ShopUnderTest, tmp_path: Path) -> None:
    flat = {**GOOD, "description": "Flat.", "on_hand": ""}
    sizes = [{**flat, "sku": f"VASE-{n}"} for n in range(600)]
    sizes[0]["price"] = "1e3"  # This one is refused, and describes nothing.
    sizes[0]["title"] = "Jug"
    for n in (3, 501, 599):
        sizes[n]["title"] = "Other"
    file = write(tmp_path / "in.csv", *sizes)

    tried = await imported(shop, file, is_trial=True)

    other = "product VASE is described differently in an earlier line"
    assert [line for line, _ in tried[1]] == [2, 5, 503, 601]
    assert {why for _, why in tried[1][1:]} == {other}
    assert tried == await imported(shop, file)
    vase = await shop.ask(GetProduct(id="VASE"))
    assert isinstance(vase, Product)
    assert (vase.title, len(vase.skus)) == ("Vase", 596)


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
        await import_file(shop.inside, file)


async def test_a_file_that_can_not_be_written_is_refused(shop: ShopUnderTest, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing/out\.csv: no such file or directory$"):
        await export_file(shop.inside.bus, tmp_path / "missing" / "out.csv")
