"""SQS for the tests of the bus."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bench.stand_in import CREDENTIALS, answers, stand_in
from bus.sqs.client import Sqs
from engine.postgres import Database
from run import Part
from tests.bus.ways import Way
from tests.sqs import connected, settings_of


@pytest.fixture(scope="session")
def stand_in_url() -> Iterator[str]:
    with stand_in() as url:
        yield url


@pytest.fixture
async def sqs(stand_in_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sqs]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    await answers(stand_in_url)
    async with connected(settings_of(stand_in_url), "bell", "recorder", "courier", *Part().actors) as opened:
        yield opened


@pytest.fixture(params=["local", "sqs"])
def way(request: pytest.FixtureRequest, database: Database) -> Way:
    return Way(database, request.getfixturevalue("sqs") if request.param == "sqs" else None)
