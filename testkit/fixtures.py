"""The fixtures. To have actors of your own in the shop, define two more:

* `more_actors` returns their factories: `[Points]`.
* `more_schemas` returns, for each of their schemas, the folder with its migrations: `{"points": HERE / "schema"}`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import pytest

from testkit.real_servers import Servers, data_folder, open_servers
from testkit.shop_under_test import ShopUnderTest, open_shop_under_test

T = TypeVar("T")


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    """The servers of this test run."""
    with data_folder() as folder:
        async with open_servers(folder) as opened:
            yield opened


@pytest.fixture
async def shop(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[ShopUnderTest]:
    """A fresh shop for one test."""
    opening = open_shop_under_test(
        servers,
        more_actors=_given(request, "more_actors", ()),
        more_schemas=_given(request, "more_schemas", {}),
    )
    async with in_its_own_task(opening) as opened:
        yield opened


def _given(request: pytest.FixtureRequest, name: str, otherwise: T) -> T:
    """The value of a fixture, if the tests define it."""
    try:
        given: T = request.getfixturevalue(name)
    except pytest.FixtureLookupError:
        return otherwise
    return given


@asynccontextmanager
async def in_its_own_task(context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave in one task, as task groups must be; pytest's plugins set up and tear down in two."""
    opened: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def live() -> None:
        async with context as value:
            opened.set_result(value)
            await over.wait()

    task = asyncio.create_task(live())
    await asyncio.wait((opened, task), return_when=asyncio.FIRST_COMPLETED)
    try:
        if opened.done():
            yield opened.result()
    finally:
        over.set()
        await task
