"""A master key that AWS KMS guards: ministack speaks its protocol, and refuses another context."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiobotocore.session import get_session

from engine.clock import ManualClock
from engine.errors import BadSetting, Unavailable
from engine.kms import open_kms
from engine.master_key import MasterKey
from engine.postgres import Database
from engine.roots import VaultSettings
from engine.vault import open_vault
from testkit.ministack import CREDENTIALS, answers, ministack
from tests.engine.test_vault import database, reads, seal

__all__ = ["database"]  # A fixture.

REGION = "eu-central-1"


@pytest.fixture
async def aws(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with ministack("kms") as url:
        await answers(url)
        yield url


@pytest.fixture
async def key(aws: str) -> str:
    async with get_session().create_client("kms", region_name=REGION, endpoint_url=aws) as client:
        return str((await client.create_key())["KeyMetadata"]["KeyId"])


async def test_what_it_encrypts_it_decrypts_in_its_context_alone(aws: str, key: str) -> None:
    async with open_kms(key, region=REGION, endpoint_url=aws) as kms:
        assert kms is not None
        encrypted = await kms.encrypt(b"k" * 32, "1.ab")
        assert await kms.decrypt(encrypted, "1.ab") == b"k" * 32
        with pytest.raises(Unavailable, match="AWS KMS"):
            await kms.decrypt(encrypted, "2.ab")


async def test_a_shop_goes_from_its_file_to_the_service(database: Database, aws: str, key: str, tmp_path: Path) -> None:
    clock, master = ManualClock(), MasterKey("", "", tmp_path)
    guarded = VaultSettings(shopflow_kms_key=key)
    async with open_vault(database, clock, master, VaultSettings(), folder=tmp_path / "keks") as vault:
        box, token = await seal(vault, database, clock), vault.token_keys("x")[0]
    for changes in range(2):
        async with open_vault(
            database, clock, master, guarded, folder=tmp_path / "keks", region=REGION, endpoint_url=aws
        ) as vault:
            assert await reads(vault, database, clock, box)
            assert vault.token_keys("x")[-1] == token
            assert vault.roots.newest == 2 + changes
            assert await vault.change_root() == 3 + changes
    with pytest.raises(BadSetting, match="SHOPFLOW_KMS_KEY"):
        async with open_vault(database, clock, master, VaultSettings(), folder=tmp_path / "keks"):
            pass
