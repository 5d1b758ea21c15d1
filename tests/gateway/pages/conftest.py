"""The real program under the page, with the sample catalogue."""

from collections.abc import AsyncIterator

import pytest

from tests.journeys.process import Program, program


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Program]:
    async with program(SHOPFLOW_CARRIER_PACE_S="0.1") as made:
        await made.start()
        yield made


@pytest.fixture
def base_url(running: Program) -> str:
    return running.url
