"""A bucket is one shop's: the second shop that names it does not start."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from actors.media.ownership import check_owner
from actors.media.rules import OWNER
from engine.clock import ManualClock
from engine.errors import BadSetting
from engine.objects.s3 import S3Objects, open_s3
from engine.postgres import open_database
from engine.settings import EngineSettings
from testkit.ministack import CREDENTIALS, answers, ministack
from testkit.real_servers import Servers
from tests.sqs import settings_of
from wiring.domains import SCHEMAS, ShopSettings
from wiring.integrations import NO_INTEGRATIONS
from wiring.shop import open_shop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stand_in_url() -> Iterator[str]:
    with ministack() as url:
        yield url


@pytest.fixture
async def bucket(stand_in_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[S3Objects]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    await answers(stand_in_url)
    async with open_s3(f"shop-{uuid4().hex}", region="us-east-1", endpoint_url=stand_in_url) as objects:
        await objects.make_bucket()
        yield objects


async def settings_with(servers: Servers, bucket: S3Objects, url: str, data: Path) -> ShopSettings:
    """The settings of a shop with a database of its own, and this bucket."""
    engine = EngineSettings(
        shopflow_data=data,
        database_url=await servers.fresh_database(SCHEMAS),
        redis_url=await servers.fresh_redis_url(),
        shopflow_sweep_s=86_400,
    )
    sqs = msgspec.structs.replace(settings_of(url), sqs_prefix="", s3_bucket=bucket._bucket)
    return ShopSettings(engine=engine, sqs=sqs)


async def start(settings: ShopSettings) -> None:
    """Start a shop, and stop it."""
    async with open_shop(settings, NO_INTEGRATIONS, ManualClock()):
        pass


async def test_the_second_shop_of_a_bucket_does_not_start(
    servers: Servers, bucket: S3Objects, stand_in_url: str, tmp_path: Path
) -> None:
    first, second = [await settings_with(servers, bucket, stand_in_url, tmp_path / name) for name in ("a", "b")]

    await start(first)
    with pytest.raises(BadSetting, match="S3_BUCKET: it holds another shop's pictures"):
        await start(second)

    await start(first)  # It is still its own.
    await bucket.remove([OWNER])  # The first shop is gone, and its owner says so.
    await start(second)


async def test_processes_of_one_shop_agree_and_two_shops_never_do(
    servers: Servers, bucket: S3Objects, tmp_path: Path
) -> None:
    urls = [await servers.fresh_database(SCHEMAS) for _ in range(2)]
    async with open_database(urls[0], connections=4) as one, open_database(urls[1], connections=4) as other:
        found = await asyncio.gather(
            *(check_owner(bucket, database) for database in (one, other) * 8), return_exceptions=True
        )
    outcomes = [found[shop::2] for shop in range(2)]

    assert sorted(all(each is None for each in outcome) for outcome in outcomes) == [False, True]
    assert sorted(all(isinstance(each, BadSetting) for each in outcome) for outcome in outcomes) == [False, True]
    assert [key async for key in bucket.keys("")] == [OWNER]


async def test_a_bucket_from_before_there_were_marks_is_taken_as_it_is(
    servers: Servers, bucket: S3Objects, stand_in_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "original"
    file.write_bytes(b"of old")
    await bucket.put("originals/" + "0" * 32, file, "image/jpeg")

    await start(await settings_with(servers, bucket, stand_in_url, tmp_path / "shop"))

    assert [key async for key in bucket.keys("originals/")] == [OWNER, "originals/" + "0" * 32]


async def test_a_bucket_that_is_away_stops_no_start(
    servers: Servers, bucket: S3Objects, stand_in_url: str, tmp_path: Path
) -> None:
    settings = await settings_with(servers, bucket, stand_in_url, tmp_path)
    away = msgspec.structs.replace(settings.sqs, aws_endpoint_url="http://127.0.0.1:9")

    await start(msgspec.structs.replace(settings, sqs=away))
