from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.objects import Objects
from engine.objects.folder import FolderObjects
from engine.objects.s3 import open_s3
from testkit.ministack import CREDENTIALS, answers, ministack


@pytest.fixture(scope="session")
def stand_in_url() -> Iterator[str]:
    with ministack() as url:
        yield url


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
async def objects(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Objects]:
    """Each home in turn: one set of tests for both."""
    if request.param == "folder":
        yield FolderObjects(tmp_path / "media")
        return
    url = request.getfixturevalue("stand_in_url")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    await answers(url)
    bucket = f"media-{tmp_path.name.replace('_', '-')[:40].lower()}".strip("-")
    async with open_s3(bucket, region="us-east-1", endpoint_url=url) as opened:
        await opened.make_bucket()
        yield opened
