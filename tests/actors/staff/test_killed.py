"""Killed while a recovery code is used up: it opens once, whatever its holder was answered."""

import secrets
from contextlib import suppress

import pytest

from bus.messages.staff_acts import AuditActs
from bus.messages.staff_sign_in import FactorProven, ProveFactor
from testkit import ShopUnderTest
from testkit.shop_under_test import Killed
from tests.faults.scenarios.staff import with_codes


@pytest.mark.parametrize(
    ("point", "is_used"), [("recovery-code-used", False), ("after-commit@staff.prove_factor", True)]
)
async def test_a_recovery_code_opens_once_across_a_kill(shop: ShopUnderTest, point: str, is_used: bool) -> None:
    code = secrets.token_bytes(32)
    who = await with_codes(shop, (code, secrets.token_bytes(32)))

    async with shop.kill_at(point) as kill:
        with suppress(Killed):
            await shop.ask(ProveFactor(id=who, recovery_hash=code))
    assert kill.happened

    answers = [await shop.ask(ProveFactor(id=who, recovery_hash=code)) for _ in range(2)]
    assert [isinstance(each, FactorProven) for each in answers] == [not is_used, False]
    assert (await shop.ask(AuditActs())).findings == ()
