"""Every route of staff has its key, in one table; and each role may what its keys say, and nothing else."""

import re
from collections.abc import Iterator

import aiohttp
import pytest
from litestar.enums import HttpMethod
from litestar.routes import HTTPRoute

from actors.staff.rules import FIXED
from bus.messages.staff import KEYS
from gateway.access import order_readers_only, staff_only
from gateway.app import _routes
from gateway.rights import RIGHTS, Right, right_of
from testkit import ShopUnderTest
from tests.journeys.people import Staff, staff_token

ROLES = {**{role.id: role.keys for role in FIXED.values()}, "nothing at all": ()}
SHORT = {"GET /admin/api/audit", "POST /admin/api/audit/repair"}  # Looked at once, not by every role: they are slow.


def staff_routes() -> Iterator[tuple[str, str]]:
    """The methods and templates of all routes that a guard of staff is at."""
    for route in _routes().routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS" and {staff_only, order_readers_only} & set(handler.resolve_guards()):
                    yield str(method), route.path_format


def test_a_route_without_a_key_fails_and_no_line_is_left_over() -> None:
    assert {f"{method} {path}" for method, path in staff_routes()} == set(RIGHTS)


def test_all_under_admin_is_guarded() -> None:
    guarded = {path for _, path in staff_routes()}
    paths = {route.path_format for route in _routes().routes if isinstance(route, HTTPRoute)}
    assert {path for path in paths if path.startswith("/admin/api")} <= guarded


def test_keys_are_keys_and_reading_takes_reading() -> None:
    for route, right in RIGHTS.items():
        assert set(right.keys) <= set(KEYS), route
        is_reading = route.startswith("GET ")
        others = set(right.keys) - {"read_customers"}  # Of whatever shows a buyer, or is about one.
        assert all(key.startswith("read_") is is_reading for key in others), route
        assert others or is_reading or not right.keys, route
        assert not (is_reading and right.is_fresh), route


def test_what_is_open_is_only_what_lets_people_in() -> None:
    assert {route for route, right in RIGHTS.items() if right.is_open} == {
        "POST /admin/api/sessions",
        "POST /admin/api/sessions/passkey",
        "POST /admin/api/sessions/passkey/options",
        "POST /admin/api/invitations",
        "PUT /admin/api/invitations",
    }


def test_what_is_not_in_the_table_is_nobodys() -> None:
    assert right_of("POST", "/admin/api/everything") is None
    reading = right_of("GET", "/admin/api/orders")
    assert reading is not None
    assert right_of("HEAD", "/admin/api/orders") is reading
    assert right_of(HttpMethod.GET, "/admin/api/orders") is reading  # As gateway/heads.py writes it.
    assert Right("read_orders", "read_stock").missing({"read_orders"}) == "read_stock"


@pytest.mark.timeout(180)
async def test_each_role_may_what_its_keys_say_at_each_route(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    wrong = []
    for role, keys in ROLES.items():
        asker = Staff(shop, http, await staff_token(shop, label=role, keys=keys))
        for method, template in sorted(staff_routes()):
            right = right_of(method, template)
            assert right is not None
            route = f"{method} {template}"
            if right.is_open or (route in SHORT and role != "owner"):
                continue
            path = re.sub(r"\{[^}]*\}", "1", template)
            answer = await asker.ask(method, path)
            is_of_order = path.startswith("/orders/")
            code = answer.json.get("code", "") if answer.status >= 400 else ""
            may = right.missing(keys) is None and not right.is_of_person
            refused = code == ("not_found" if is_of_order else "forbidden")
            if not is_of_order and refused is may:
                wrong.append((role, route, answer.status, code))
            if is_of_order and not may and not refused:
                wrong.append((role, route, answer.status, code))
    assert wrong == []


async def test_whoever_is_known_may_ask_what_there_is(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    asker = Staff(shop, http, await staff_token(shop, keys=()))
    answer = await asker.ask("OPTIONS", "/admin/api/orders")
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert (await asker.ask("OPTIONS", "/admin/api/orders", token="")).status == 401


async def test_a_stranger_may_nothing(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    stranger = Staff(shop, http, "")
    for method, template in sorted(staff_routes()):
        right = right_of(method, template)
        assert right is not None
        if not right.is_open:
            answer = await stranger.ask(method, re.sub(r"\{[^}]*\}", "1", template))
            expected = (404, "not_found") if template.startswith("/orders/") else (401, "unauthorized")
            assert answer.refusal == expected, template
