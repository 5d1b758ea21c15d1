"""A goods file over HTTP: tried, imported with its pictures, watched, and undone."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from actors.imports.fetcher import FetchSettings
from bus.messages.imports import ContinueImport
from engine.errors import DeadlineExceeded
from testkit import ShopUnderTest
from testkit.real_servers import Servers
from testkit.shop_under_test import open_shop_under_test
from tests.actors.imports.files import csv_of, row, rows
from tests.actors.imports.test_fetcher import server
from tests.actors.media.hostile import photo
from tests.journeys.people import Json, Staff, staff_token

AT = "/admin/api/imports"


async def send(
    staff: Staff, content: bytes, files: Mapping[str, bytes] | None = None, /, **fields: str
) -> tuple[int, Json]:
    form = aiohttp.FormData(fields)
    form.add_field("file", io.BytesIO(content), filename="goods.csv", content_type="text/csv")
    if files is not None:
        form.add_field("images", zipped(files), filename="images.zip", content_type="application/zip")
    headers = {"Authorization": f"Bearer {staff.token}"}
    async with staff.http.post(f"{staff.shop.url}{AT}", data=form, headers=headers) as answer:
        return answer.status, await answer.json()


def zipped(files: Mapping[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    packed.seek(0)
    return packed


async def pictures(staff: Staff, product: str) -> list[str]:
    items: list[Json] = (await staff.get(f"/admin/api/products/{product}/images")).good["items"]
    return [each["id"] for each in items]


async def test_a_file_is_tried_imported_and_undone(staff: Staff) -> None:
    content = csv_of([*rows(2), row(3, price="x")])

    status, tried = await send(staff, content, dry_run="true")
    assert status == 201
    assert (tried["state"], tried["dry_run"], tried["added"], tried["refused"]) == ("done", True, 6, 1)
    assert [(line["line"], line["column"]) for line in tried["report"]] == [(8, "price")]
    assert [line["sku"] for line in tried["preview"]["added"]][:2] == ["P0-0", "P0-1"]
    assert (await staff.get("/products/P0")).status == 404

    _, done = await send(staff, content)
    assert (done["state"], done["added"], done["name"], done["encoding"]) == ("done", 6, "goods.csv", "UTF-8")
    await staff.shop.settle()
    assert (await staff.get("/products/P0")).good["title"] == "Product 0"
    (change,) = (await staff.get("/admin/api/products/P0/history")).good["items"]
    assert change["by"] == done["by"]

    listed = (await staff.get(AT)).good["items"]
    assert [each["id"] for each in listed] == [done["id"], tried["id"]]
    assert (await staff.get(f"{AT}/{done['id']}")).good == done
    undone = (await staff.ask("POST", f"{AT}/{done['id']}/undo")).good
    assert (undone["state"], undone["restored"], undone["left"]) == ("undone", 8, [])
    await staff.shop.settle()
    assert (await staff.get("/products/P0")).status == 404
    for path in (done["id"], tried["id"]):
        assert (await staff.ask("POST", f"{AT}/{path}/undo")).refusal == (409, "not_undoable")
    for path in ("none", "none/undo"):
        method = "POST" if "undo" in path else "GET"
        assert (await staff.ask(method, f"{AT}/{path}")).refusal == (404, "not_found")
    await staff.shop.audit()


async def test_a_long_report_has_pages(staff: Staff) -> None:
    _, tried = await send(staff, csv_of([row(number, price="x") for number in range(130)]), dry_run="true")

    rest = (await staff.get(f"{AT}/{tried['id']}?cursor={tried['next']}")).good

    assert len(tried["report"]) == 100
    assert [line["line"] for line in (*tried["report"], *rest["report"])] == list(range(2, 132))
    assert rest["next"] is None


async def test_who_does_not_get_an_answer_in_time_is_told_that_it_goes_on(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = staff.shop.inside.bus.ask

    async def late(command: Any, **how: Any) -> Any:
        if isinstance(command, ContinueImport):
            raise DeadlineExceeded("imports", 10)
        return await ask(command, **how)

    monkeypatch.setattr(staff.shop.inside.bus, "ask", late)
    status, begun = await send(staff, csv_of(rows(1)))
    monkeypatch.undo()
    await staff.shop.settle()

    assert (status, begun["state"] in ("waiting", "running", "done")) == (201, True)
    assert (await staff.get(f"{AT}/{begun['id']}")).good["state"] == "done"


async def test_a_large_file_goes_on_by_itself(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.imports.goods._AT_ONCE", 5)
    monkeypatch.setattr("actors.imports.goods._PAGES", 1)

    _, begun = await send(staff, csv_of(rows(120)))
    await staff.shop.settle()
    done = (await staff.get(f"{AT}/{begun['id']}")).good

    assert begun["state"] == "running"
    assert (done["state"], done["added"], done["done"], done["lines"]) == ("done", 360, 360, 360)


async def test_a_product_of_3000_skus_is_filled_up_to_its_bound_and_each_line_beyond_it_is_told(staff: Staff) -> None:
    _, begun = await send(staff, csv_of(rows(1, skus=3_000)))
    await staff.shop.settle()
    done = (await staff.get(f"{AT}/{begun['id']}")).good

    assert (done["added"], done["refused"], len(done["report"])) == (2_048, 952, 100)
    assert done["report"][0]["line"] == 2_050
    assert done["report"][0]["detail"] == "product P0 has 2,048 SKUs, and more it can't have"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'product_id,slug,title,category,description,sku,sku_title,price,currency,weight_g\nA,"b', "line 2: a quote"),
        (b"sku,price\nA,1\n", "lacks product_id"),
        (b"PK\x03\x04", "workbook"),
        (b"\xff\xfe\x00", "letters can't be told"),
    ],
)
async def test_what_is_no_goods_file_fails_with_a_sentence(staff: Staff, content: bytes, why: str) -> None:
    _, failed = await send(staff, content)

    assert failed["state"] == "failed"
    assert why in failed["reason"]
    assert (await staff.ask("POST", f"{AT}/{failed['id']}/undo")).refusal == (409, "not_undoable")


async def test_columns_that_mean_nothing_are_named_and_decimals_are_as_told(staff: Staff) -> None:
    _, tried = await send(
        staff, csv_of([row(0, price="10")]).replace(b"images", b"colour"), decimal=".", dry_run="true"
    )

    assert tried["ignored_columns"] == ["colour"]
    assert tried["preview"]["added"][0]["fields"][-2]["after"]["price"]["amount"] == 1000


async def test_bad_forms_are_refused(staff: Staff) -> None:
    for fields in ({"dry_run": "maybe"}, {"decimal": ";"}, {"no_stock": "1"}):
        status, refused = await send(staff, csv_of(rows(1)), **fields)
        assert (status, refused["field"]) == (422, next(iter(fields)))
    assert (await send(staff, b""))[0] == 422
    assert (await staff.ask("POST", AT, {"file": "no form"})).status == 422
    async with staff.http.post(f"{staff.shop.url}{AT}", data={"file": "text"}) as stranger:
        assert stranger.status == 401
    assert (await staff.get(AT)).good["items"] == []


async def test_pictures_come_by_name_and_come_once(staff: Staff) -> None:
    files = {"a.jpg": photo(size=(60, 40)), "more/b.jpg": photo(size=(40, 60)), "not.jpg": b"no picture"}
    content = csv_of(
        [
            row(0, images="more/b.jpg; a.jpg"),
            row(1, images="a.jpg; missing.jpg; not.jpg"),
            row(2, price="x", images="a.jpg"),
        ]
    )

    _, done = await send(staff, content, files)
    await staff.shop.settle()
    done = (await staff.get(f"{AT}/{done['id']}")).good
    first = await pictures(staff, "P0"), await pictures(staff, "P1")
    _, again = await send(staff, content, files)
    await staff.shop.settle()
    again = (await staff.get(f"{AT}/{again['id']}")).good

    assert (done["state"], done["pictures"], done["pictures_failed"], done["refused"]) == ("done", 3, 2, 1)
    failed = [(line["line"], line["detail"]) for line in done["report"] if line["column"] == "images"]
    assert [(line, detail.partition(":")[2][:12]) for line, detail in failed] == [
        (3, " missing.jpg"),
        (3, " not.jpg: It"),
    ]
    assert [len(each) for each in first] == [2, 1]
    assert first[0][1] == first[1][0]
    assert (await pictures(staff, "P0"), await pictures(staff, "P1")) == first
    assert (again["added"], again["unchanged"], again["pictures"]) == (0, 2, 3)
    await staff.shop.audit()


async def test_an_undo_takes_pictures_away_that_nobody_has_described(staff: Staff) -> None:
    files = {"a.jpg": photo(size=(60, 40)), "b.jpg": photo(size=(40, 60)), "c.jpg": photo(size=(50, 50))}
    await send(staff, csv_of([row(0, images="c.jpg")]), files)
    await staff.shop.settle()
    before = await pictures(staff, "P0")
    _, begun = await send(staff, csv_of([row(0, images="a.jpg; b.jpg; c.jpg")]), files)
    await staff.shop.settle()
    ids = await pictures(staff, "P0")
    await staff.ask("PATCH", f"/admin/api/products/P0/images/{ids[1]}", {"alt": "A thing"})

    await staff.ask("POST", f"{AT}/{begun['id']}/undo")
    await staff.shop.settle()

    undone = (await staff.get(f"{AT}/{begun['id']}")).good
    assert (undone["state"], undone["restored"], undone["kept"]) == ("undone", 1, 1)
    assert [each["about"] for each in undone["left"]] == ["P0"]
    assert await pictures(staff, "P0") == [*before, ids[1]]


async def test_pictures_come_from_addresses(servers: Servers, http: aiohttp.ClientSession) -> None:
    asked: list[str] = []
    content = photo(size=(60, 40))

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(body=content) if request.path == "/a.jpg" else web.Response(status=404)

    async with server(handle) as port:
        allowed = FetchSettings(shopflow_fetch_hosts=f"127.0.0.1:{port}")
        at = f"http://127.0.0.1:{port}"
        lines = [row(0, images=f"{at}/a.jpg; {at}/b.jpg"), row(1, images="http://127.0.0.1:1/a.jpg; http://[::1]/")]
        async with open_shop_under_test(
            servers, change=lambda settings: msgspec.structs.replace(settings, fetch=allowed)
        ) as shop:
            staff = Staff(shop, http, await staff_token(shop))
            _, begun = await send(staff, csv_of(lines))
            await shop.settle()
            done = (await staff.get(f"{AT}/{begun['id']}")).good
            stored = await pictures(staff, "P0")

    assert asked == ["/a.jpg", "/b.jpg"]
    assert len(stored) == 1
    assert (done["pictures"], done["pictures_failed"]) == (1, 3)
    reasons = [line["detail"].rpartition(": ")[2] for line in done["report"]]
    assert reasons == ["its server answers 404", "only ports 80 and 443 are asked", "it leads into a private network"]


async def test_the_shop_is_no_proxy(shop: ShopUnderTest, staff: Staff) -> None:
    """Nothing of the shop's own network is asked, by no spelling of it."""
    port = shop.url.rpartition(":")[2]
    spellings = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"]
    addresses = "; ".join(
        f"http://{host}{tail}" for host in spellings for tail in ("/health/live", f":{port}/health/live")
    )

    _, begun = await send(staff, csv_of([row(0, images=addresses)]))
    await shop.settle()
    done = (await staff.get(f"{AT}/{begun['id']}")).good

    assert (done["pictures"], done["pictures_failed"]) == (0, 14)
