"""What benches fill shops with: it fits the tables and the files of today."""

from pathlib import Path

from bench import catalogue
from bench.goods import sku, write_goods
from bench.growth import grow
from bus.messages.catalog import GetProduct, Product
from cli.goods import import_file
from testkit import ShopUnderTest


async def test_goods_of_a_bench_are_imported(shop: ShopUnderTest, tmp_path: Path) -> None:
    write_goods(tmp_path / "goods.csv", 3, units=7)

    done = await import_file(shop.inside, tmp_path / "goods.csv")

    assert (done.added, done.refused) == (3, 0)
    assert await shop.available(sku(2)) == 7


async def test_a_catalogue_of_a_bench_is_imported(shop: ShopUnderTest, tmp_path: Path) -> None:
    catalogue.write(tmp_path / "goods.csv", 20)

    done = await import_file(shop.inside, tmp_path / "goods.csv")

    assert (done.added, done.refused) == (20, 0)
    product = await shop.ask(GetProduct(id="P1"))
    assert isinstance(product, Product)
    assert [option.name for option in product.options] == ["Size", "Colour"]
    assert len({sku.options for sku in product.skus}) == catalogue.OF_A_PRODUCT


async def test_a_shop_can_be_grown(shop: ShopUnderTest) -> None:
    grow(shop.inside.services.database_url, 5)

    product = await shop.inside.bus.ask(GetProduct(id="P5"))

    assert isinstance(product, Product)
    assert product.skus[0].sku == "GROWN-5"
    assert (await shop.inside.services.database.fetch("select count(*) from orders.orders"))[0]["count"] == 5
