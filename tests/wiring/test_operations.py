"""Metrics and health for operations: on a port of their own, which stands in no shop's way."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
from yarl import URL

from engine.errors import BadSetting
from engine.services import Services, open_services
from engine.settings import EngineSettings
from gateway.settings import EdgeSettings
from testkit import Servers, ShopUnderTest
from tests.waiting import eventually
from wiring.operations import bind_operations, open_operations


@pytest.fixture
async def services(servers: Servers) -> AsyncIterator[Services]:
    database_url = await servers.empty_database()
    settings = EngineSettings(database_url=database_url, redis_url=await servers.fresh_redis_url())
    async with open_services(settings) as opened:
        yield opened
    await servers.drop(database_url)


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(URL(url, encoded=True)) as answer:
        return answer.status, await answer.text()


async def has_room(url: str) -> bool:
    return (await get(f"{url}/health/live"))[0] == 200


def taken() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


async def test_metrics_and_health_are_on_the_port_for_operations(services: Services) -> None:
    with bind_operations(EdgeSettings(shopflow_operations_port=0), 8000) as listener:
        async with open_operations(services, listener) as url:
            assert "shopflow_log_lines_lost_total" in (await get(f"{url}/metrics"))[1]
            assert await get(f"{url}/health/live") == (200, '{"status":"ok","checks":{}}')
            assert (await get(f"{url}/health/ready"))[0] == 200
            for other in ("/", "//metrics", "/%6detrics", "/metrics/", "/products", "/admin/api/orders"):
                assert (await get(url + other))[0] == 404, other


async def test_they_answer_head_and_name_a_charset_once(services: Services) -> None:
    with bind_operations(EdgeSettings(shopflow_operations_port=0), 8000) as listener:
        async with open_operations(services, listener) as url, aiohttp.ClientSession() as http:
            for path in ("/metrics", "/health/live", "/health/ready"):
                async with http.head(url + path) as head, http.get(url + path) as got:
                    assert head.status == got.status == 200
                    assert head.headers["Content-Type"] == got.headers["Content-Type"]
                    assert head.headers["Content-Type"].lower().count("charset") <= 1


async def test_it_has_bounds_of_its_own(services: Services) -> None:
    with bind_operations(EdgeSettings(shopflow_operations_port=0), 8000) as listener:
        assert listener
        async with open_operations(services, listener) as url, AsyncExitStack() as crowd:
            for _ in range(64):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                crowd.callback(writer.close)
            assert (await get(f"{url}/health/live"))[0] == 503
            await crowd.aclose()
            await eventually(lambda: has_room(url))


async def test_readiness_there_tells_the_truth(services: Services) -> None:
    with bind_operations(EdgeSettings(shopflow_operations_port=0), 8000) as listener:
        async with open_operations(services, listener) as url:
            services.database.terminate()
            status, body = await get(f"{url}/health/ready")

    assert (status, '"postgresql":"away"' in body, '"redis":"ok"' in body) == (503, True, True)


async def test_the_public_port_has_no_metrics(shop: ShopUnderTest) -> None:
    assert (await get(f"{shop.url}/metrics"))[0] == 404
    assert (await get(f"{shop.url}/health/ready"))[0] == 200


async def test_off_means_no_port(services: Services) -> None:
    with bind_operations(EdgeSettings(shopflow_operations_port="off"), 8000) as listener:
        assert listener is None
        async with open_operations(services, listener) as url:
            assert url == ""


def test_the_port_nobody_chose_is_near_the_public_one_and_any_free_one_if_that_is_taken() -> None:
    with taken() as other:
        public = other.getsockname()[1] - 2
        with bind_operations(EdgeSettings(), public) as listener:
            assert listener
            assert listener.getsockname()[1] not in (public, public + 2)
            assert listener.getsockname()[0] == "127.0.0.1"
        other.close()
        with bind_operations(EdgeSettings(), public) as listener:
            assert listener
            assert listener.getsockname() == ("127.0.0.1", public + 2)


def test_above_the_highest_port_there_is_none() -> None:
    with bind_operations(EdgeSettings(), 65535) as listener:
        assert listener


def test_a_port_that_was_asked_for_is_taken_or_refused() -> None:
    with taken() as other:
        settings = EdgeSettings(shopflow_operations_port=other.getsockname()[1])
        with pytest.raises(BadSetting, match=r"^SHOPFLOW_OPERATIONS_PORT: can.t listen"), bind_operations(settings, 1):
            pass
