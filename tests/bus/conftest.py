"""SQS for the tests of the bus."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bus.sqs.client import Sqs
from engine.postgres import Database
from testkit.ministack import CREDENTIALS, answers, ministack
from tests.bus.ways import Way
from tests.sqs import connected, settings_of
from wiring.hosting import ALL_ACTORS


@pytest.fixture(scope="session")
def stand_in_url() -> Iterator[str]:
    with ministack() as url:
        yield url


@pytest.fixture
async def sqs(stand_in_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sqs]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    await answers(stand_in_url)
    async with connected(settings_of(stand_in_url), "bell", "recorder", "courier", *ALL_ACTORS.actors) as opened:
        yield opened


@pytest.fixture(params=["local", "sqs"])
def way(request: pytest.FixtureRequest, database: Database) -> Way:
    return Way(database, request.getfixturevalue("sqs") if request.param == "sqs" else None)
