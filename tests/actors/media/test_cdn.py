"""Takedowns reach CloudFront: by its own protocol, once for each, and again while it is away."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiobotocore.session import get_session

from actors.media.cdn import CdnSettings, NoCdn, open_cdn
from engine.circuit import Circuit
from engine.clock import ManualClock
from engine.errors import Unavailable
from testkit.ministack import CREDENTIALS, answers, ministack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stand_in_url() -> Iterator[str]:
    with ministack(services="cloudfront") as url:
        yield url


@pytest.fixture
async def account(stand_in_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    await answers(stand_in_url)
    async with get_session().create_client("cloudfront", region_name="us-east-1", endpoint_url=stand_in_url) as client:
        yield client


async def a_distribution(account: Any) -> str:
    origin = {"Id": "pictures", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behaviour = {"TargetOriginId": "pictures", "ViewerProtocolPolicy": "https-only", "MinTTL": 0,
                 "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}}}  # fmt: skip
    made = await account.create_distribution(
        DistributionConfig={
            "CallerReference": "1",
            "Comment": "",
            "Enabled": True,
            "DefaultCacheBehavior": behaviour,
            "Origins": {"Quantity": 1, "Items": [origin]},
        }
    )
    name: str = made["Distribution"]["Id"]
    return name


async def test_a_takedown_is_an_invalidation_of_all_its_files(account: Any, stand_in_url: str) -> None:
    distribution = await a_distribution(account)
    settings = CdnSettings(cloudfront_distribution=distribution)

    async with open_cdn(settings, Circuit("a CDN", ManualClock()), endpoint_url=stand_in_url) as cdn:
        await cdn.forget("/i/abc/*", "message-1")

    (made,) = (await account.list_invalidations(DistributionId=distribution))["InvalidationList"]["Items"]
    batch = (await account.get_invalidation(DistributionId=distribution, Id=made["Id"]))["Invalidation"]
    assert batch["InvalidationBatch"]["Paths"]["Items"] == ["/i/abc/*"]
    assert batch["InvalidationBatch"]["CallerReference"] == "message-1"


async def test_a_cdn_that_is_away_is_unavailable(account: Any) -> None:
    settings = CdnSettings(cloudfront_distribution="E1")

    async with open_cdn(settings, Circuit("a CDN", ManualClock()), endpoint_url="http://127.0.0.1:9") as cdn:
        with pytest.raises(Unavailable):
            await cdn.forget("/i/abc/*", "message-1")


async def test_a_shop_without_a_cdn_asks_none() -> None:
    async with open_cdn(CdnSettings(), Circuit("a CDN", ManualClock()), endpoint_url="http://127.0.0.1:9") as cdn:
        assert isinstance(cdn, NoCdn)
