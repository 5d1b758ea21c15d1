"""An import into a real shop that is killed again and again: it ends equal to its file, and goes on where it was."""

import io
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from tests.actors.imports.files import csv_of, row
from tests.faults.conftest import Scale
from tests.journeys.process import Program, program
from tests.waiting import eventually

AT = "/admin/api/imports"
WITHIN_S = 120.0


class Importing:
    """An import over HTTP into a shop that is killed meanwhile."""

    def __init__(self, shop: Program, token: str) -> None:
        self._shop = shop
        self._headers = {"Authorization": f"Bearer {token}"}
        self.id = ""

    async def begin(self, content: bytes) -> None:
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(content), filename="goods.csv")
        async with (
            aiohttp.ClientSession(headers=self._headers) as http,
            http.post(f"{self._shop.url}{AT}", data=form) as answer,
        ):
            begun = await answer.json()
            assert answer.status == 201, begun
        self.id = begun["id"]

    async def state(self) -> dict[str, Any]:
        state: dict[str, Any] = (await self._shop.ask("GET", f"{AT}/{self.id}", **self._headers)).body
        return state

    async def is_past(self, lines: int) -> bool:
        state = await self.state()
        return int(state["done"]) >= lines or state["state"] == "done"

    async def kill_once_past(self, lines: int) -> int:
        """Kill the shop when the import has come so far, and start it again; gives how far it was then."""
        await eventually(lambda: self.is_past(lines), within_s=WITHIN_S)
        was = int((await self.state())["done"])
        await self._shop.kill()
        await self._shop.start()
        return was


@pytest.mark.timeout(900)
async def test_an_import_that_is_killed_again_and_again_ends_equal_to_its_file(scale: Scale, tmp_path: Path) -> None:
    chance = Random(scale.seed)
    kills, products = scale.of(short=2, long=20), scale.of(short=2_000, long=12_000)
    lines = [row(product, number) for product in range(products) for number in range(3)]
    chance.shuffle(lines)
    async with program() as shop:
        await shop.start()
        importing = Importing(shop, (await shop.good("token")).strip())
        await importing.begin(csv_of(lines))

        for point in sorted(chance.randrange(len(lines)) for _ in range(kills)):
            was = await importing.kill_once_past(point)
            assert (await importing.state())["done"] >= was  # It does not begin at its first line again.
        await eventually(lambda: importing.is_past(len(lines)), within_s=WITHIN_S)

        done = await importing.state()
        assert (done["state"], done["added"], done["refused"]) == ("done", len(lines), 0)
        for wanted in chance.sample(lines, 50):
            stock = await shop.ask("GET", f"/admin/api/stock/{wanted['sku']}", **importing._headers)
            assert stock.body["on_hand"] == int(wanted["on_hand"])
            product = (await shop.ask("GET", f"/products/{wanted['product_id']}")).body
            (sku,) = [each for each in product["skus"] if each["sku"] == wanted["sku"]]
            assert (str(sku["price"]["amount"]), sku["title"]) == (wanted["price"], wanted["sku_title"])
        tried = await shop.run("import", str(_written(tmp_path, lines)), "--dry-run")
        assert f"0 added, 0 changed, {len(lines)} unchanged." in tried.out
        assert "0 findings" in await shop.good("audit")


def _written(folder: Path, lines: list[dict[str, str]]) -> Path:
    file = folder / "goods.csv"
    file.write_bytes(csv_of(lines))
    return file
