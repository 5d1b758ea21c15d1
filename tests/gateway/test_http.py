"""What every client of HTTP may rely on, on whatever route."""

from typing import Any

import aiohttp
import pytest
from prometheus_client import REGISTRY
from yarl import URL

from gateway.app import description
from testkit import ShopUnderTest
from tests.journeys.people import Answer, Visitor, staff_token
from tests.waiting import eventually


@pytest.fixture
async def visitor(shop: ShopUnderTest) -> Any:
    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Visitor(shop, http)


async def get(visitor: Visitor, path: str, **headers: str) -> Answer:
    return await visitor.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def open_routes() -> list[str]:
    """Paths that GET can be sent to, with what they name filled in."""
    described: Any = description()["paths"]
    paths = [path for path, item in described.items() if "get" in item]
    filled = [path.replace("{product_id}", "MUG").replace("{sku}", "MUG") for path in paths]
    return [path for path in filled if "{" not in path] + ["/", "/docs", "/openapi.json", "/static/shop.js", "/nowhere"]


@pytest.mark.parametrize("path", open_routes())
async def test_head_is_answered_wherever_get_is(shop: ShopUnderTest, visitor: Visitor, path: str) -> None:
    visitor.token = await staff_token(shop)
    head = await visitor.ask("HEAD", path)
    async with visitor.http.get(
        URL(shop.url + path, encoded=True), headers={"Authorization": f"Bearer {visitor.token}"}
    ) as got:  # Its content is not read: one of them never ends.
        assert (head.status, head.body) == (got.status, b"")
        assert head.headers["Content-Type"] == got.headers["Content-Type"]
        assert head.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_stream_that_only_its_head_is_wanted_of_ends(visitor: Visitor) -> None:
    for _ in range(3):
        assert (await visitor.ask("HEAD", "/live/events?skus=MUG")).status == 200
    assert await eventually(lambda: REGISTRY.get_sample_value("shopflow_live_listeners") == 0)


async def test_a_refused_method_names_those_that_are_taken(visitor: Visitor) -> None:
    refused = await visitor.ask("POST", "/products")
    options = await visitor.ask("OPTIONS", "/products")

    assert refused.refusal == (405, "method_not_allowed")
    assert options.status == 204
    for answer in (refused, options):
        assert {"GET", "HEAD", "OPTIONS"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/products?qq=mug", "qq"),
        ("/products/MUG?limit=5", "limit"),
        ("/config?x", "x"),
        ("/admin/api/orders?email=ada%40example.com", "email"),
        ("/admin/api/analytics/sales?from=2030-01-01&until=2030-02-01", "until"),
        ("/health/live?verbose=1", "verbose"),
    ],
)
async def test_an_unknown_parameter_is_refused_by_its_name(
    shop: ShopUnderTest, visitor: Visitor, path: str, name: str
) -> None:
    visitor.token = await staff_token(shop)
    answer = await get(visitor, path)

    assert answer.refusal == (422, "invalid")
    assert answer.json["field"] == name
    assert name in answer.json["detail"]


@pytest.mark.parametrize("path", ["/?utm_source=mail", "/p/mug?fbclid=1", "/static/shop.js?v=2", "/docs?x=1"])
async def test_links_to_pages_may_carry_what_others_add(visitor: Visitor, path: str) -> None:
    assert (await get(visitor, path)).status == 200


async def test_a_value_that_does_not_fit_is_named(shop: ShopUnderTest, visitor: Visitor) -> None:
    cart = (await visitor.ask("POST", "/carts")).good["id"]
    line, quote = f"/carts/{cart}/lines/MUG", f"/carts/{cart}/quote"
    address = {"line1": "1 Street", "city": "Hamburg", "postal_code": "20095", "country": "DE"}

    for answer, field in (
        (await get(visitor, "/products?limit=1000"), "limit"),
        (await get(visitor, "/products?sort=null"), "sort"),
        (await get(visitor, "/products?sort=&sort=Null"), "sort"),
        (await visitor.ask("PUT", line, {"quantity": "3"}), "quantity"),
        (await visitor.ask("PUT", line, {}), "quantity"),
        (await visitor.ask("PUT", line, {"quantity": 1, "colour": "red"}), "colour"),
        (await visitor.ask("PUT", line, {"quantity": 1, "colour": None}), "colour"),
        (await visitor.ask("POST", quote, {"address": address | {"planet": None}}), "address.planet"),
        (await visitor.ask("POST", quote, {"address": address | {"country": "de"}}), "address.country"),
        (await visitor.ask("POST", quote, {"address": {"line1": "1 Street"}}), "address.city"),
    ):
        assert answer.refusal == (422, "invalid")
        assert answer.json["field"] == field


@pytest.mark.parametrize("path", ["/nowhere", "/nowhere/else.php", "//products", "/products/none", "/schema"])
async def test_what_is_not_there_is_a_page_to_a_person(visitor: Visitor, path: str) -> None:
    page = await get(visitor, path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    problem = await get(visitor, path, Accept="*/*")

    assert page.status == 404
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"not here" in page.body
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Content-Length"] == str(len(page.body))
    assert problem.refusal == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    ["/schema", "/schema/", "/schema/openapi.json", "/swagger", "/schema/swagger", "/elements", "/rapidoc", "/redoc"],
)
async def test_no_page_loads_scripts_from_other_hosts(visitor: Visitor, path: str) -> None:
    assert (await get(visitor, path)).status == 404


@pytest.mark.parametrize("path", ["/", "/docs", "/live/events?skus=MUG", "/static/shop.js", "/static/style.css"])
async def test_a_charset_is_named_once(visitor: Visitor, path: str) -> None:
    kind = (await visitor.ask("HEAD", path)).headers["Content-Type"]

    assert kind.lower().count("charset") <= 1
    assert kind.startswith("text/")


# Pages are not among them: each has new keys for its forms.
@pytest.mark.parametrize("path", ["/products", "/products/MUG", "/openapi.json", "/docs", "/static/shop.js"])
async def test_what_everybody_gets_is_revalidated(visitor: Visitor, path: str) -> None:
    first = await get(visitor, path)
    again = await get(visitor, path, If_None_Match=first.headers["ETag"])

    for_browsers = first.headers["Cache-Control"].partition(", s-maxage")[0]  # The rest is for caches on the way.
    assert for_browsers == ("public, max-age=0" if path.startswith("/products") else "no-cache")
    assert (again.status, again.body) == (304, b"")
    assert again.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/openapi.json", "/static/swap.js", "/static/style.css", "/"])
async def test_what_everybody_gets_is_compressed(visitor: Visitor, path: str) -> None:
    packed, plain = (
        await get(visitor, path, Accept_Encoding="gzip"),
        await get(visitor, path, Accept_Encoding="identity"),
    )

    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 2


async def test_what_may_hold_secrets_is_not_compressed(shop: ShopUnderTest, visitor: Visitor) -> None:
    """A stranger's text beside a secret would tell of it by the length of both (BREACH)."""
    visitor.token = await staff_token(shop)
    cart = (await visitor.ask("POST", "/carts")).good["id"]

    for path in (f"/carts/{cart}", "/admin/api/shipping-methods", "/admin/api/actors"):
        answer = await get(visitor, path, Accept_Encoding="gzip")
        assert "Content-Encoding" not in answer.headers
        assert "ETag" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
