"""The API describes itself: as programs read it at /openapi.json."""

import ast
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from bus.messages import words
from gateway import openapi
from gateway.access import order_readers_only
from gateway.app import description, handlers
from gateway.codes import CODES
from gateway.customers import customer_only
from testkit import ShopUnderTest

Json = dict[str, Any]
EVERYWHERE = {
    "bad_request", "headers_too_large", "internal_error", "invalid", "request_timeout", "too_many_requests",
    "unavailable",
}  # fmt: skip
GATEWAY = Path(__file__).parent.parent.parent / "gateway"


@pytest.fixture(scope="module")
def api() -> Json:
    return msgspec.json.decode(msgspec.json.encode(description()), type=Json)


@pytest.fixture(scope="module")
def operations(api: Json) -> dict[str, Json]:
    """Each operation by its name."""
    return {what["operationId"]: what for path in api["paths"].values() for what in path.values()}


def codes_of(operation: Json) -> set[str]:
    return {code for response in operation["responses"].values() for code in response.get("x-codes", ())}


async def test_it_is_served_as_it_is_made(shop: ShopUnderTest, api: Json) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{shop.url}/openapi.json") as answer:
        assert answer.status == 200
        assert await answer.json() == api


def test_every_route_is_described_once(api: Json, operations: dict[str, Json]) -> None:
    assert len(operations) == sum(len(path) for path in api["paths"].values()) >= 40
    assert all(operation["summary"] and operation["description"] for operation in operations.values())


def test_an_error_is_a_problem_document(api: Json, operations: dict[str, Json]) -> None:
    problem = api["components"]["schemas"]["ProblemDocument"]
    assert set(problem["required"]) == {"type", "title", "status", "code", "detail"}
    assert problem["properties"]["field"]["type"] == "string"
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ProblemDocument"}


def test_a_route_names_the_codes_of_its_refusals_by_status(operations: dict[str, Json]) -> None:
    checkout, refund, browse = (operations[name] for name in ("checkout", "refund", "list_products"))

    assert checkout["responses"]["409"]["x-codes"][0] == "out_of_stock"
    assert "payment_unavailable" in checkout["responses"]["502"]["x-codes"]
    assert {"unauthorized", "not_found", "not_refundable", "idempotency_mismatch", "bad_json"} <= codes_of(refund)
    assert codes_of(browse) == EVERYWHERE | {"unauthorized", "forbidden", "second_factor_required"}  # For `explain`.
    assert {browse["responses"][status]["x-codes"][0] for status in ("408", "429", "431")} <= EVERYWHERE
    assert "Retry-After" in browse["responses"]["503"]["headers"]


def test_whoever_has_a_guard_refuses_other_sites(operations: dict[str, Json]) -> None:
    guarded = [each for each in handlers() if each.resolve_guards() and "GET" not in each.http_methods]
    unsafe = {each.handler_name for each in guarded if each.resolve_include_in_schema()}  # Pages are not described.

    assert unsafe >= {"register", "log_in", "log_out", "sign_in", "cancel_order", "change_me"}
    refusing = {name for name, what in operations.items() if "foreign_origin" in codes_of(what)}
    assert refusing == unsafe | {"checkout"}  # It takes guests, too.


@pytest.mark.parametrize("path", sorted(GATEWAY.rglob("*.py")), ids=lambda path: path.relative_to(GATEWAY).as_posix())
def test_a_refusal_has_the_status_of_its_code(path: Path) -> None:
    """Else the description would tell another one."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    for call in calls:
        match call:
            case ast.Call(
                func=ast.Name(id="Problem"), args=[ast.Constant(value=int(status)), ast.Constant(value=str(code)), *_]
            ):
                assert CODES[code].status == status


def test_a_code_that_is_described_has_its_sentence_and_is_some_routes(operations: dict[str, Json]) -> None:
    assert {*CODES} == {code for operation in operations.values() for code in codes_of(operation)}
    assert {*CODES} <= {*words.PROBLEMS}


def test_the_key_is_required_where_it_is(operations: dict[str, Json]) -> None:
    required = {
        name
        for name, operation in operations.items()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "Idempotency-Key" and parameter["required"]
    }
    optional = {name for name, what in operations.items() if "idempotency_mismatch" in codes_of(what)} - required

    assert required == {"checkout", "refund", "resend_mail"}
    assert {"create_cart", "set_line", "cancel_order", "set_stock", "remove_product"} <= optional
    assert not {"get_cart", "list_products", "stripe_webhook"} & optional


def test_a_webhook_is_signed(operations: dict[str, Json]) -> None:
    for name, header in (("stripe_webhook", "Stripe-Signature"), ("shipping_webhook", "Shipping-Signature")):
        assert {"name": header, "in": "header", "required": True, "schema": {"type": "string"}} in (
            operations[name]["parameters"]
        )


def test_bearers_are_described(api: Json, operations: dict[str, Json]) -> None:
    staff = {path: item for path, item in api["paths"].items() if path.startswith("/admin/api/")}
    public = {path: item for path, item in api["paths"].items() if path not in staff}
    of_order = {name for name in operations if openapi.ORDER in operations[name].get("security", ())}
    of_customer = {name for name in operations if operations[name].get("security") == [openapi.CUSTOMER]}

    assert set(api["components"]["securitySchemes"]) == {"staff", "order", "customer"}
    entries = {"sign_in", "begin_passkey_sign_in", "passkey_sign_in", "read_invitation", "join"}  # Of strangers.
    assert all(
        operation.get("security") == (None if operation["operationId"] in entries else [{"staff": []}])
        for item in staff.values()
        for operation in item.values()
    )
    assert all(operation["tags"] == ["staff"] for item in staff.values() for operation in item.values())
    assert of_order == {
        handler.handler_name for handler in handlers() if order_readers_only in handler.resolve_guards()
    }
    assert of_order >= {"get_order", "cancel_order", "withdraw_links"}
    assert of_customer == {handler.handler_name for handler in handlers() if customer_only in handler.resolve_guards()}
    assert of_customer >= {"read_me", "claim_order", "end_session"}
    secured = {what["operationId"] for item in public.values() for what in item.values() if "security" in what}
    assert secured == of_order | of_customer


def test_a_body_is_described_under_its_own_name_with_its_bounds(api: Json, operations: dict[str, Json]) -> None:
    content = operations["quote"]["requestBody"]["content"]["application/json"]
    schemas = api["components"]["schemas"]
    body, sku = schemas["QuoteBody"]["properties"], schemas["SkuBody"]

    assert content["schema"] == {"$ref": "#/components/schemas/QuoteBody"}
    assert body["shipping_method"]["anyOf"][0] == {"type": "string", "minLength": 1, "maxLength": 64}
    assert body["codes"]["anyOf"][0] == {
        "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 40}, "maxItems": 5,
    }  # fmt: skip
    assert set(sku["required"]) == {"sku", "price", "weight_g"}
    assert sku["properties"]["sku"]["pattern"].startswith("^(?:[A-Za-z0-9]")
    assert schemas["MoneyBody"]["properties"]["amount"]["maximum"] == 2**53 - 1


def test_a_field_that_may_be_left_out_may_be_null(api: Json) -> None:
    schemas = api["components"]["schemas"]
    address = schemas["AddressBody"]["properties"]

    assert {"type": "null"} in address["line2"]["anyOf"]
    assert "anyOf" not in address["city"]
    assert schemas["AddressBody"]["additionalProperties"] is False


def test_parameters_have_the_bounds_that_are_checked(operations: dict[str, Json]) -> None:
    known = {parameter["name"]: parameter for parameter in operations["list_orders"]["parameters"]}

    assert known["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert "paid" in known["payment"]["schema"]["enum"]
    assert known["status"]["schema"]["maxItems"] == 9
    assert "paid" in str(known["status"]["schema"]["items"])
    assert not known["cursor"]["required"]


def test_a_list_is_described_under_its_own_name_with_its_items(api: Json) -> None:
    lists = {name: schema["properties"] for name, schema in api["components"]["schemas"].items()}

    assert lists["OrderList"]["items"]["items"] == {"$ref": "#/components/schemas/OrderRowView"}
    assert lists["SalesView"]["items"]["items"] == {"$ref": "#/components/schemas/SalesRow"}
    pages = {name for name, fields in lists.items() if set(fields) == {"items", "next"}}
    assert pages >= {"Actors", "DeadLetters", "MethodList", "OrderList", "PickLists", "StuckMoney"}
    assert set(lists["ProductList"]) > {"items", "next", "total", "facets"}  # Counted, too.
    assert not [name for name in lists if "_" in name or "." in name]  # As msgspec names what has no name of its own.


def everywhere(value: object) -> list[Json]:
    """All schemas and other objects in a description."""
    if isinstance(value, dict):
        return [value, *(found for part in value.values() for found in everywhere(part))]
    return [found for part in value for found in everywhere(part)] if isinstance(value, list) else []


def test_every_array_has_items_and_no_choice_is_matched_twice(api: Json) -> None:
    for schema in everywhere(api):
        if schema.get("type") == "array":
            assert "items" in schema
        assert {} not in schema.get("anyOf", ())
        assert "oneOf" not in schema


def test_times_are_described_as_times(api: Json) -> None:
    schemas = api["components"]["schemas"]

    assert schemas["OrderView"]["properties"]["created_at"]["format"] == "date-time"
    assert schemas["OrderView"]["properties"]["pay_until"]["anyOf"][0]["format"] == "date-time"
    assert schemas["OrderSummary"]["properties"]["created_at"]["format"] == "date-time"
    assert schemas["SalesRow"]["properties"]["start"]["format"] == "date"
