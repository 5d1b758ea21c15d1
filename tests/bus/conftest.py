"""SQS for the tests of the bus."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bus.sqs.client import Sqs
from engine.postgres import Database
from testkit.ministack import CREDENTIALS, answers, ministack
from tests.bus.transports import Transport
from tests.sqs import connected, settings_of
from wiring.hosting import ALL_ACTORS


@pytest.fixture(scope="session")
def ministack_url() -> Iterator[str]:
    with ministack() as url:
        yield url


@pytest.fixture
async def sqs(ministack_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sqs]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    await answers(ministack_url)
    async with connected(settings_of(ministack_url), "bell", "recorder", "courier", *ALL_ACTORS.actors) as opened:
        yield opened


@pytest.fixture(params=["local", "inline", "sqs"])
def transport(request: pytest.FixtureRequest, database: Database) -> Transport:
    """Rows alone, inline turns where they can be had, and a queue between two processes."""
    if request.param == "sqs":
        return Transport(database, request.getfixturevalue("sqs"))
    return Transport(database, inline_s=0.1 if request.param == "inline" else 0.0)
