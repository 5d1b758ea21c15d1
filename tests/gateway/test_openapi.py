"""The API describes itself: as programs read it at /openapi.json."""

from typing import Any

import aiohttp
import pytest

from testkit import ShopUnderTest

Json = dict[str, Any]


@pytest.fixture
async def api(shop: ShopUnderTest) -> Json:
    async with aiohttp.ClientSession() as http, http.get(f"{shop.url}/openapi.json") as answer:
        assert answer.status == 200
        described: Json = await answer.json()
    return described


async def test_every_route_is_described_once(api: Json) -> None:
    operations = [operation for path in api["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]

    assert len(names) == len(set(names)) >= 40
    assert all(operation["summary"] for operation in operations)


async def test_staff_routes_say_that_they_need_a_token(api: Json) -> None:
    staff = {path: item for path, item in api["paths"].items() if path.startswith("/admin/api/")}
    public = {path: item for path, item in api["paths"].items() if path not in staff}

    assert all(operation["security"] == [{"bearer": []}] for item in staff.values() for operation in item.values())
    assert all(operation["tags"] == ["staff"] for item in staff.values() for operation in item.values())
    assert not any("security" in operation for item in public.values() for operation in item.values())


async def test_a_body_is_described_under_its_own_name_with_its_bounds(api: Json) -> None:
    content = api["paths"]["/carts/{cart_id}/quote"]["post"]["requestBody"]["content"]["application/json"]
    body = api["components"]["schemas"]["QuoteBody"]["properties"]

    assert content["schema"] == {"$ref": "#/components/schemas/QuoteBody"}
    assert (body["shipping_method"]["minLength"], body["shipping_method"]["maxLength"]) == (1, 64)
    assert body["codes"] == {"type": "array", "items": {"type": "string"}, "maxItems": 5, "default": []}


async def test_a_list_is_described_under_its_own_name_with_its_items(api: Json) -> None:
    lists = {name: schema["properties"] for name, schema in api["components"]["schemas"].items()}

    assert lists["OrderList"]["items"]["items"] == {"$ref": "#/components/schemas/OrderSummary"}
    assert lists["SalesView"]["items"]["items"] == {"$ref": "#/components/schemas/SalesRow"}
    pages = {name for name, fields in lists.items() if set(fields) == {"items", "next"}}
    assert pages >= {"Actors", "DeadLetters", "MethodList", "OrderList", "PickLists", "ProductList", "StuckMoney"}
    assert not [name for name in pages if "_" in name]  # As msgspec names a generic type that has no name of its own.
