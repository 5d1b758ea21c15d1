"""Headers that keep a browser from harm stand on every answer, and a path has one spelling."""

import asyncio
import re
from typing import Any, cast

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from gateway.app import description
from gateway.headers import headers_of_all, with_headers
from testkit import Servers, ShopUnderTest
from tests.journeys.people import staff_token
from tests.journeys.test_bounds import bounded

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


async def get(shop: ShopUnderTest, path: str) -> tuple[int, CIMultiDictProxy[str]]:
    url = URL(shop.url + path, encoded=True)  # As it is written.
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        await answer.read()
        return answer.status, answer.headers


@pytest.mark.parametrize(
    ("path", "status", "is_kept"),
    [
        ("/", 200, True),
        ("/static/shop.js", 200, True),
        ("/static/none.js", 404, True),
        ("/docs", 200, True),
        ("/products", 200, True),
        ("/carts/cart_none", 404, False),
        ("/orders/ord_none", 404, False),
        ("/admin/api/orders", 401, False),
        ("/nowhere", 404, False),
        ("/config?x=%00", 422, False),
    ],
)
async def test_every_answer_has_them(shop: ShopUnderTest, path: str, status: int, is_kept: bool) -> None:
    answered, headers = await get(shop, path)

    assert answered == status
    assert {name: headers[name] for name in ALWAYS} == ALWAYS
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "ws:" not in headers["Content-Security-Policy"].replace("ws://", "")
    assert (headers.get("Cache-Control") != "no-store") == is_kept
    assert "Strict-Transport-Security" not in headers  # The shop under test is no HTTPS.


async def head_of(shop: ShopUnderTest, sent: bytes) -> dict[str, str]:
    """The status and headers of what is answered to these bytes."""
    url = URL(shop.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(sent)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    writer.close()
    status, *lines = head.decode().splitlines()
    return {"status": status.split()[1]} | {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
    }


ASKED = b" HTTP/1.1\r\nHost: shop.example\r\n"
UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.mark.parametrize("public_url", ["https://shop.example", "http://shop.example"])
async def test_answers_from_below_the_application_have_them(servers: Servers, public_url: str) -> None:
    sent = {
        b"GET /config" + ASKED: "200",
        b"GET /config" + ASKED + b"Host: other.example\r\n": "400",
        b"GET /config" + ASKED + b"X: y\r\n" * 101: "431",
        b"OPTIONS /carts" + ASKED + b"Origin: https://pages.example\r\nAccess-Control-Request-Method: PUT\r\n": "204",
        b"GET /live" + ASKED + UPGRADE + b"Sec-WebSocket-Version: 13\r\n": "101",
        b"GET /live" + ASKED + UPGRADE + b"Sec-WebSocket-Version: 8\r\n": "426",
        b"GET /else" + ASKED + UPGRADE + b"Sec-WebSocket-Version: 13\r\n": "404",
    }
    origins = "https://pages.example"
    async with bounded(servers, shopflow_public_url=public_url, shopflow_origins=origins) as shop:
        for request, status in sent.items():
            answer = await head_of(shop, request + b"\r\n")

            assert answer["status"] == status, request
            assert {name: answer[name.lower()] for name in ALWAYS} == ALWAYS, request
            assert "frame-ancestors 'none'" in answer["content-security-policy"], request
            assert ("strict-transport-security" in answer) is public_url.startswith("https"), request


async def test_an_application_that_fails_answers_with_them() -> None:
    async def fails(_scope: object, _receive: object, _send: object) -> None:
        raise LookupError("a bug")

    sent = list[dict[str, Any]]()

    async def send(message: Any) -> None:
        sent.append(message)

    with pytest.raises(LookupError):  # The server logs it.
        await with_headers(fails, is_https=True)({"type": "http", "path": "/carts"}, None, send)  # type: ignore[arg-type]  # No more is looked at.

    assert sent[0]["status"] == 500
    assert set(headers_of_all(is_https=True)) <= set(sent[0]["headers"])
    assert b"a bug" not in sent[1]["body"]


async def test_the_page_runs_only_what_is_the_shops_own(shop: ShopUnderTest) -> None:
    _, headers = await get(shop, "/")
    rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))

    assert rules["default-src"] == "'self'"
    assert rules["object-src"] == "'none'"
    assert rules["connect-src"].split()[0] == "'self'"


@pytest.mark.parametrize(
    "path",
    ["//metrics", "/%6detrics", "/metrics/", "/./metrics", "/x/../metrics", "/%2e/metrics", "/x/%2E%2e/metrics",
     "/admin%2Fapi/orders", "/admin/api//orders", "/products/%00"],
)  # fmt: skip
async def test_another_spelling_of_a_path_is_not_found(shop: ShopUnderTest, path: str) -> None:
    assert (await get(shop, path))[0] == 404


@pytest.mark.parametrize("path", ["/products/m%C3%BCsli", "/products/a%20b", "/.well-known/none"])
async def test_what_has_to_be_written_as_codes_may_be(shop: ShopUnderTest, path: str) -> None:
    status, _ = await get(shop, path)
    assert status == 404  # There is none; it was looked for.


async def test_options_name_every_method_of_a_path(shop: ShopUnderTest) -> None:
    paths = cast("dict[str, dict[str, object]]", description()["paths"])
    methods = ("get", "put", "post", "patch", "delete")
    allowed = {path: {each.upper() for each in described if each in methods} for path, described in paths.items()}
    token = {"Authorization": f"Bearer {await staff_token(shop)}"}
    async with aiohttp.ClientSession(headers=token) as http:
        for path, named in allowed.items():
            url = shop.url + re.sub(r"\{(letter_id|revision)\}", "1", path).replace("{", "").replace("}", "")
            async with http.options(url) as answer:
                told = {name.strip() for name in answer.headers["Allow"].split(",")}
            assert told - {"HEAD"} == named | {"OPTIONS"}, path
