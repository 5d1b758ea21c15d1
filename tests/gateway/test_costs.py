"""The table of costs covers the routes that there are, and no others."""

import re
from typing import Any, cast

import pytest

from gateway.api.costs import COSTS
from gateway.app import description
from gateway.limits import cost_of
from gateway.settings import EdgeSettings

PATHS = cast("dict[str, dict[str, Any]]", description()["paths"])
ROUTES = [
    (method.upper(), re.sub(r"\{[^}]*\}", "x", path))
    for path, methods in PATHS.items()
    for method in sorted(methods)
    if method in ("get", "put", "post", "patch", "delete")
]
# Pages and files are not in the description of the API.
FILES = [("GET", "/static/shop.js"), ("GET", "/media/i/x/320.webp")]
ACCOUNT = [("POST", "/account/sign-in"), ("GET", "/account/export"), ("GET", "/account")]
PAGES = [*FILES, *ACCOUNT, ("GET", "/search"), ("POST", "/basket/lines")]


def test_each_line_is_of_a_route() -> None:
    routes = [*ROUTES, *PAGES]
    used = {cost_of(COSTS, method, path).path for method, path in routes}

    assert used == {cost.path for cost in COSTS}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_staff_and_webhooks_are_in_a_lane_of_their_own(method: str, path: str) -> None:
    is_signed = path.startswith(("/admin/api/", "/webhooks/"))

    assert (cost_of(COSTS, method, path).lane == "signed") is is_signed


@pytest.mark.parametrize("path", ["//carts", "/carts/", "/CARTS", "/carts\n", "", "*"])
def test_what_is_no_route_has_a_cost(path: str) -> None:
    assert cost_of(COSTS, "POST", path).units >= 1


def test_all_of_it_fits_into_what_may_be_used_at_once() -> None:
    at_once = EdgeSettings().shopflow_requests_a_minute / 4

    assert at_once >= 10 * max(cost.units for cost in COSTS)
