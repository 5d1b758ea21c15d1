"""Products as a whole in and out of CSV files: their options, attributes and bundles, and the undo of an import."""

import csv
from pathlib import Path

import pytest

from bus.goods.rows import REQUIRED
from bus.messages.attributes import Attribute, SetAttribute
from bus.messages.catalog import GetProduct, NoSuchProduct, Product
from cli.goods import export_file, import_file, undo_import
from engine.errors import BadInput
from testkit import ShopUnderTest
from tests.cli.test_goods import GOOD, SET, imported, read, write

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
    "inputs": "name | Your name | text",
}
SIZES = [
    {**SHIRT, "sku": f"SHIRT-{size}", "options": f"Size={size}; Colour=red", "barcode": f"40063813339{place}"}
    for place, size in enumerate(["S", "M"])
]


async def test_all_of_a_product_goes_in_and_comes_out_again(shop: ShopUnderTest, tmp_path: Path) -> None:
    assert await imported(shop, write(tmp_path / "in.csv", *SIZES)) == (2, [])
    await export_file(shop.inside.bus, tmp_path / "out.csv")

    out = read(tmp_path / "out.csv")
    assert [out["SHIRT-S"], out["SHIRT-M"]] == SIZES
    product = await shop.ask(GetProduct(id="SHIRT", even_hidden=True))
    assert isinstance(product, Product)
    assert [(option.name, option.values) for option in product.options] == [("Size", ("S", "M")), ("Colour", ("red",))]


async def test_empty_cells_leave_what_is_there_and_a_dash_empties(shop: ShopUnderTest, tmp_path: Path) -> None:
    await imported(shop, write(tmp_path / "in.csv", *SIZES))
    more = [
        {**SIZES[0], "brand": "", "tags": "", "status": "", "publish_at": "-", "options": "", "barcode": "-"},
        {**SIZES[1], "brand": "", "tags": "", "status": "", "publish_at": "-", "options": "Size=XL; Colour=red"},
    ]
    assert await imported(shop, write(tmp_path / "more.csv", *more)) == (2, [])

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

    written, refused = await imported(shop, write(tmp_path / "in.csv", *twins, other, same))

    assert written == 1
    assert refused == [
        (3, "sku SHIRT-S has the options of SHIRT-M"),  # Each line of theirs is two in the file.
        (5, "sku SHIRT-S has the options of SHIRT-M"),
        (9, "barcode 400638133390 is that of OTHER"),
    ]


async def test_columns_that_mean_nothing_are_named(shop: ShopUnderTest, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text(",".join([*REQUIRED, "on_hnad", "colour"]) + "\n", encoding="utf-8")

    assert (await import_file(shop.inside, file)).ignored == ("colour", "on_hnad")
    assert (await import_file(shop.inside, write(file, GOOD))).ignored == ()


async def test_a_file_that_is_not_there_is_named_once(shop: ShopUnderTest, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        await import_file(shop.inside, tmp_path / "none.csv")

    assert str(refused.value) == f"can't read {tmp_path / 'none.csv'}: no such file or directory"


async def test_attributes_are_columns(shop: ShopUnderTest, tmp_path: Path) -> None:
    bus = shop.inside.bus
    for attribute in (
        Attribute(key="material", title="Material", kind="choice", choices=("glass", "clay")),
        Attribute(key="height", title="Height", kind="number"),
        Attribute(key="note", title="Note", kind="text", of_sku=True),
        Attribute(key="safe", title="Safe", kind="boolean"),
    ):
        await bus.ask(SetAttribute(key=attribute.key, attribute=attribute))
    values = {"attr.material": "glass", "attr.height": "12,5", "attr.note": "'=1+1", "attr.safe": "yes"}
    file = tmp_path / "in.csv"

    def fill(**cells: str) -> None:
        row = {**GOOD, **values, **cells}
        with file.open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, list(row))
            writer.writeheader()
            writer.writerow(row)

    fill()
    assert (await import_file(shop.inside, file)).ignored == ()
    _, ((_, reason),) = await imported(shop, file)
    assert "height must be a number" in reason
    fill(**{"attr.height": "12.5"})
    assert await imported(shop, file) == (1, [])

    await export_file(bus, tmp_path / "out.csv")
    written = read(tmp_path / "out.csv")["VASE-RED"]
    assert {name: written[name] for name in values} == {**values, "attr.height": "12.5"}
    assert (await imported(shop, tmp_path / "out.csv"))[1] == []
    await export_file(bus, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
    fill(**{"attr.height": "-", "attr.material": ""})
    assert await imported(shop, file) == (1, [])
    vase = await bus.ask(GetProduct(id="VASE"))
    assert isinstance(vase, Product)
    assert vase.attributes == {"material": "glass", "safe": True}


async def test_an_import_is_undone_once(shop: ShopUnderTest, tmp_path: Path) -> None:
    done = await import_file(shop.inside, write(tmp_path / "in.csv", GOOD))

    undone = await undo_import(shop.inside.bus, done.id)

    assert (undone.state, undone.restored, undone.kept) == ("undone", 2, 0)
    assert isinstance(await shop.ask(GetProduct(id="VASE", even_hidden=True)), NoSuchProduct)
    with pytest.raises(BadInput, match="it is undone"):
        await undo_import(shop.inside.bus, done.id)
    with pytest.raises(BadInput, match="there is no import imp_none"):
        await undo_import(shop.inside.bus, "imp_none")


async def test_bundles_come_after_their_parts_have_none_of_the_stock_and_go_out_as_they_came(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    file = write(tmp_path / "in.csv", SET, GOOD, {**SET, "sku": "BOX", "on_hand": "3"})
    no_stock = "on_hand: a bundle has none of its own, set that of its parts; the rest of the line is taken"

    assert await imported(shop, file, is_trial=True) == (2, [(7, no_stock)])
    assert await imported(shop, file) == (2, [(7, no_stock)])
    await export_file(shop.inside.bus, tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    assert (rows["SET"]["on_hand"], rows["SET"]["parts"], rows["MUG"]["parts"]) == ("", "MUG x2; VASE-RED", "-")
    assert (await imported(shop, tmp_path / "out.csv"))[1] == []
    assert await shop.available("VASE-RED") == 7


async def test_an_undo_takes_bundles_off_with_their_parts_and_leaves_what_others_need(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    first = await import_file(shop.inside, write(tmp_path / "in.csv", SET, GOOD))
    undone = await undo_import(shop.inside.bus, first.id)
    assert (undone.state, undone.kept) == ("undone", 0)
    assert await left(shop, "VASE", "SET") == []

    parts = await import_file(shop.inside, write(tmp_path / "parts.csv", GOOD))
    await imported(shop, write(tmp_path / "set.csv", SET))
    undone = await undo_import(shop.inside.bus, parts.id)
    assert (undone.state, undone.kept) == ("undone", 1)
    assert await left(shop, "VASE", "SET") == ["VASE", "SET"]


async def left(shop: ShopUnderTest, *ids: str) -> list[str]:
    found = [await shop.ask(GetProduct(id=each, even_hidden=True)) for each in ids]
    return [each.id for each in found if isinstance(each, Product)]
