"""Parameters of paths and queries have only bounds that the framework enforces."""

from typing import Annotated, get_args, get_type_hints

import msgspec
import pytest
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, ParameterKwarg, PathParameter

from bus.messages.base import NAME, SkuName
from gateway.app import handlers
from gateway.paths import with_one_spelling
from tests.gateway.asgi import answering, ask


def bounds_not_enforced(handler: HTTPRouteHandler) -> list[str]:
    """Name the parameters with a constraint of msgspec: the framework reads the type behind it, and drops it."""
    return [
        name
        for name, hint in get_type_hints(handler.fn, include_extras=True).items()
        if any(isinstance(part, ParameterKwarg) for part in get_args(hint)[1:])
        and any(isinstance(part, msgspec.Meta) for part in get_args(hint)[1:])
    ]


@get("/dropped/{sku:str}", sync_to_thread=False)
def dropped(sku: FromPath[SkuName], other: FromQuery[SkuName] = "") -> str:
    return sku + other


@get("/kept/{sku:str}", sync_to_thread=False)
def kept(sku: Annotated[str, PathParameter(pattern=f"^(?:{NAME})$", max_length=64)]) -> str:
    return sku


# Sorted: controllers give their handlers in an order that differs from process to process.
@pytest.mark.parametrize("handler", sorted(handlers(), key=str), ids=str)
def test_a_bound_of_a_parameter_is_enforced(handler: HTTPRouteHandler) -> None:
    assert bounds_not_enforced(handler) == [], "write Annotated[str, PathParameter(pattern=..., max_length=...)]"


def test_a_bound_that_is_dropped_is_found() -> None:
    assert bounds_not_enforced(dropped) == ["sku", "other"]
    assert bounds_not_enforced(kept) == []


@pytest.mark.parametrize(("path", "status"), [("/dropped/a%20b", 200), ("/kept/a%20b", 400), ("/kept/MUG", 200)])
async def test_the_framework_enforces_what_stands_in_the_parameter_alone(path: str, status: int) -> None:
    """If the first becomes 400, the rule above can go."""
    app = Litestar([dropped, kept], openapi_config=None, logging_config=None)

    assert (await ask(app, path=path)).status == status


@pytest.mark.parametrize(("length", "status"), [(2048, 200), (2049, 404), (60_000, 404)])
async def test_a_path_has_a_bounded_length(length: int, status: int) -> None:
    assert (await ask(with_one_spelling(answering(b"here")), path="/".ljust(length, "x"))).status == status
