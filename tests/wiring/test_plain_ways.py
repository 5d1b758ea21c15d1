"""Ways to other machines that others may read are said aloud at the start."""

import pytest

from actors.payment.stripe import StripeSettings
from actors.shipping.carrier import CarrierSettings
from bus.sqs.settings import SqsSettings
from engine.settings import EngineSettings
from wiring.domains import ShopSettings
from wiring.plain_ways import plain_ways


def named(
    *, database_url: str = "", redis_url: str = "", carrier_url: str = "", stripe: str = "", sqs: str = ""
) -> list[str]:
    settings = ShopSettings(
        engine=EngineSettings(database_url=database_url, redis_url=redis_url),
        carrier=CarrierSettings(carrier_url=carrier_url),
        stripe=StripeSettings(stripe_api_base=stripe or "https://api.stripe.com"),
        sqs=SqsSettings(aws_endpoint_url=sqs),
    )
    return [line.partition(":")[0] for line in plain_ways(settings)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:hush@db.example/shop",
        "postgresql://shop@10.0.0.5:5432/shop",
        "postgresql://shop@[2001:db8::1]/shop",
        "postgresql://shop@localhost,db.example/shop",
        "postgresql://shop@/shop?host=db.example",
        "postgresql://shop@db.example/shop?sslmode=prefer",
        "postgresql://shop@db.example/shop?sslmode=disable&host=/run/postgresql",
    ],
)
def test_a_database_elsewhere_without_tls_is_named(url: str) -> None:
    assert named(database_url=url) == ["DATABASE_URL"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql://shop@localhost/shop",
        "postgresql://shop@127.0.0.2:5433/shop",
        "postgresql://shop@[::1]/shop",
        "postgresql:///shop?host=/run/postgresql",
        "postgresql://shop@/shop",
        "postgresql://shop@db.example/shop?sslmode=verify-full",
        "postgresql://shop@db.example,db2.example/shop?sslmode=require",
    ],
)
def test_a_database_here_or_behind_tls_is_not(url: str) -> None:
    assert named(database_url=url) == []


def test_all_others_are_named_alike() -> None:
    assert named(
        redis_url="redis://:hush@cache.example:6379/0",
        carrier_url="http://carrier.example",
        stripe="http://stripe.example",
        sqs="http://queues.example:4566",
    ) == ["REDIS_URL", "CARRIER_URL", "STRIPE_API_BASE", "AWS_ENDPOINT_URL"]
    assert (
        named(
            redis_url="rediss://cache.example:6379/0",
            carrier_url="https://carrier.example",
            sqs="http://127.0.0.1:4566",
        )
        == []
    )
    assert named(redis_url="unix:///run/valkey.sock", carrier_url="http://localhost:9") == []


def test_no_password_is_said() -> None:
    settings = ShopSettings(engine=EngineSettings(database_url="postgresql://shop:hush@db.example/shop"))
    assert "hush" not in "".join(plain_ways(settings))
