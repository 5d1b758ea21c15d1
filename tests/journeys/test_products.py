"""Products come and go, and so do their names: what is removed owns none, and orders keep what they say."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cli.goods import COLUMNS, export_file, import_file
from testkit import ShopUnderTest
from tests.journeys.people import Answer, Customer, Json, Staff, all_is_well

PRODUCTS = "/admin/api/products"


def body_of(name: str, *skus: str, slug: str = "", price: int = 1450) -> Json:
    return {
        "id": name,
        "slug": slug or name.lower(),
        "title": name.title(),
        "category": "Cups",
        "skus": [{"sku": sku, "price": {"amount": price, "currency": "EUR"}, "weight_g": 100} for sku in skus],
    }


async def create(staff: Staff, *given: Any, **changes: Any) -> Answer:
    return await staff.ask("POST", PRODUCTS, body_of(*given, **changes))


async def remove(staff: Staff, name: str) -> None:
    assert (await staff.ask("DELETE", f"{PRODUCTS}/{name}")).status == 204


async def rename(staff: Staff, name: str, sku: str, new: object) -> Answer:
    return await staff.ask("PATCH", f"{PRODUCTS}/{name}/skus/{sku}", {"sku": new})


def skus_of(product: Json) -> dict[str, int]:
    """With what is available of each."""
    return {sku["sku"]: sku["available"] for sku in product["skus"]}


async def test_a_removed_product_is_made_again_as_it_is_given_and_its_shelf_goes_on(staff: Staff) -> None:
    _ = (await create(staff, "JUG", "JUG-BLUE", "JUG-SAND")).good
    _ = (await staff.count("JUG-BLUE", 5)).good
    assert (await create(staff, "JUG", "JUG-BLUE")).refusal == (409, "product_exists")
    await remove(staff, "JUG")
    assert (await staff.get("/products/JUG")).refusal == (404, "not_found")
    assert (await staff.get("/products/JUG/inventory")).refusal == (404, "not_found")
    assert (await staff.ask("DELETE", f"{PRODUCTS}/JUG")).refusal == (404, "not_found")

    again = await create(staff, "JUG", "JUG-BLUE", slug="the-jug", price=990)

    assert again.status == 201
    assert (again.json["slug"], again.json["price"]["amount"], skus_of(again.json)) == ("the-jug", 990, {"JUG-BLUE": 5})
    assert (await staff.ask("GET", "/products/jug", follow=False)).refusal == (301, "moved")


async def test_names_of_a_removed_product_are_free_for_others(staff: Staff) -> None:
    await remove(staff, "MUG")

    other = await create(staff, "CUP", "MUG", slug="mug")

    assert other.status == 201
    assert skus_of((await staff.get("/products/mug")).good) == {"MUG": 10}
    assert (await create(staff, "MUG", "MUG-2")).refusal == (409, "product_exists")  # Its slug is another's now.
    assert (await create(staff, "MUG", "MUG", slug="old-mug")).refusal == (409, "product_exists")
    assert (await create(staff, "MUG", "MUG-2", slug="old-mug")).status == 201


async def test_an_import_takes_names_of_what_was_removed(shop: ShopUnderTest, staff: Staff, tmp_path: Path) -> None:
    await remove(staff, "MUG")
    await remove(staff, "LAMP")
    file = tmp_path / "in.csv"
    rows = ("MUG,mug,Mug,Cups,,MUG-NEW,,990,EUR,100,3", "CUP,lamp,Cup,Cups,,LAMP,,990,EUR,100,1")
    file.write_text("\n".join((",".join(COLUMNS), *rows)))

    report = await import_file(shop.inside.bus, file)

    assert (report.written, report.refused) == (2, [])
    assert skus_of((await staff.get("/products/MUG")).good) == {"MUG-NEW": 3}
    assert await export_file(shop.inside.bus, tmp_path / "out.csv") == 3
    exported = [line.split(",")[5] for line in (tmp_path / "out.csv").read_text().splitlines()[1:]]
    assert sorted(exported) == ["BOOK", "LAMP", "MUG-NEW"]


async def test_one_sku_is_taken_off_and_the_last_one_stays(staff: Staff, buyer: Customer) -> None:
    _ = (await create(staff, "JUG", "JUG-BLUE", "JUG-SAND")).good
    path = f"{PRODUCTS}/JUG/skus"
    cheap = {"sku": "JUG-TINY", "price": {"amount": 100, "currency": "EUR"}, "weight_g": 50}
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/JUG", {"skus": [cheap]})).good

    without = (await staff.ask("DELETE", f"{path}/JUG-TINY")).good

    assert (set(skus_of(without)), without["price"]["amount"]) == ({"JUG-BLUE", "JUG-SAND"}, 1450)
    await staff.shop.clock.at_rest()  # Then it is indexed.
    (listed,) = (await staff.get("/products?q=jug&sort=price")).good["items"]
    assert listed["price"]["amount"] == 1450
    assert (await staff.ask("DELETE", f"{path}/JUG-TINY")).refusal == (404, "unknown_sku")
    assert (await staff.ask("DELETE", f"{path}/MUG")).refusal == (404, "unknown_sku")
    assert (await staff.ask("DELETE", f"{PRODUCTS}/NONE/skus/MUG")).refusal == (404, "not_found")
    assert (await buyer.put(await buyer.new_cart(), "JUG-TINY", 1)).refusal == (404, "unknown_sku")
    _ = (await staff.ask("DELETE", f"{path}/JUG-SAND")).good
    assert (await staff.ask("DELETE", f"{path}/JUG-BLUE")).refusal == (409, "last_sku")
    assert (await create(staff, "POT", "JUG-SAND")).status == 201


async def test_a_renamed_sku_takes_its_units_along_and_orders_keep_the_old_name(
    shop: ShopUnderTest, staff: Staff, buyer: Customer
) -> None:
    bought = await buyer.buy(MUG=2)
    _ = await staff.send_off(bought)
    before = (await buyer.read(bought))["lines"]

    renamed = (await rename(staff, "MUG", "MUG", "MUG-BLUE")).good

    assert skus_of(renamed) == {"MUG-BLUE": 8}
    assert (await staff.stock("MUG-BLUE"), await staff.stock("MUG")) == ((8, 0), (0, 0))
    assert (await buyer.read(bought))["lines"] == before
    assert [line["sku"] for line in before] == ["MUG"]
    assert (await rename(staff, "MUG", "MUG", "MUG-BLUE")).good == renamed  # Asked again: it is done.
    assert (await rename(staff, "MUG", "MUG-BLUE", "MUG-BLUE")).good == renamed
    assert (await rename(staff, "MUG", "MUG-RED", "MUG-BLUE")).refusal == (404, "unknown_sku")
    _ = await buyer.buy(**{"MUG-BLUE": 8})
    assert (await create(staff, "OLD", "MUG", slug="old")).status == 201  # Its name is free.
    assert await staff.stock("MUG") == (0, 0)
    await shop.audit()
    await all_is_well(staff)


@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        ("LAMP", (409, "product_exists")),
        ("a b", (422, "invalid")),
        ("-A", (422, "invalid")),
        ("", (422, "invalid")),
        (7, (422, "invalid")),
        ("x" * 65, (422, "invalid")),
    ],
)
async def test_a_name_that_is_taken_or_none_moves_nothing(staff: Staff, new: object, refusal: tuple[int, str]) -> None:
    assert (await rename(staff, "MUG", "MUG", new)).refusal == refusal
    assert (await staff.stock("MUG"), await staff.stock("LAMP")) == ((10, 0), (1, 0))


async def test_what_carts_and_orders_hold_keeps_its_name(staff: Staff, buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=3)

    refused = await rename(staff, "MUG", "MUG", "MUG-BLUE")

    assert refused.refusal == (409, "sku_in_use")
    assert (refused.json["sku"], refused.json["on_hand"], refused.json["held"]) == ("MUG", 10, 3)
    assert await staff.stock("MUG") == (10, 3)
    _ = (await buyer.ask("DELETE", f"/carts/{cart}/lines/MUG")).good
    assert (await rename(staff, "MUG", "MUG", "MUG-BLUE")).status == 200


async def test_units_that_are_counted_under_the_new_name_are_neither_lost_nor_doubled(staff: Staff) -> None:
    _ = (await create(staff, "JUG", "JUG-BLUE", "JUG-SAND")).good
    _ = (await staff.count("JUG-SAND", 4)).good
    _ = (await staff.ask("DELETE", f"{PRODUCTS}/JUG/skus/JUG-SAND")).good

    refused = await rename(staff, "MUG", "MUG", "JUG-SAND")

    assert refused.refusal == (409, "sku_in_use")
    assert (refused.json["sku"], refused.json["on_hand"]) == ("JUG-SAND", 4)
    assert (await staff.stock("MUG"), await staff.stock("JUG-SAND")) == ((10, 0), (4, 0))
    # Without units of its own it takes over what is there: the same SKU is the same shelf.
    assert skus_of((await rename(staff, "JUG", "JUG-BLUE", "JUG-SAND")).good) == {"JUG-SAND": 4}


async def test_a_rename_that_is_broken_off_sells_nothing_twice_and_goes_on(
    shop: ShopUnderTest, staff: Staff, buyer: Customer
) -> None:
    async with shop.kill_at("rename-carried"):
        with pytest.raises(aiohttp.ClientError):
            await rename(staff, "MUG", "MUG", "MUG-BLUE")
    assert (await buyer.put(await buyer.new_cart(), "MUG-BLUE", 1)).refusal == (404, "unknown_sku")
    assert await buyer.available("MUG") == 0

    assert skus_of((await rename(staff, "MUG", "MUG", "MUG-BLUE")).good) == {"MUG-BLUE": 10}
    assert (await staff.stock("MUG"), await staff.stock("MUG-BLUE")) == ((0, 0), (10, 0))
    await all_is_well(staff)


async def test_what_is_sold_and_has_not_left_keeps_its_name(staff: Staff, buyer: Customer) -> None:
    bought = await buyer.buy(MUG=3)

    refused = await rename(staff, "MUG", "MUG", "MUG-BLUE")

    assert refused.refusal == (409, "sku_in_use")
    assert (refused.json["on_hand"], refused.json["assigned"], refused.json["held"]) == (10, 3, 0)
    _ = await staff.send_off(bought)
    assert skus_of((await rename(staff, "MUG", "MUG", "MUG-BLUE")).good) == {"MUG-BLUE": 7}


async def test_a_cart_with_what_is_no_longer_sold_is_told_at_checkout(staff: Staff, buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=1, LAMP=1)
    await remove(staff, "MUG")

    refused = await buyer.check_out(cart, key="once")

    assert refused.refusal == (409, "out_of_stock")
    assert refused.json["short"] == [{"sku": "MUG", "available": 0}]


async def test_the_configuration_names_countries_language_and_categories(buyer: Customer) -> None:
    config = (await buyer.get("/config")).good

    assert (config["locale"], config["currency"], config["categories"]) == ("en", "EUR", ["Test"])
    assert {"DE", "US", "HK"} < set(config["countries"])
    assert not {"UK", "ZZ"} & set(config["countries"])
