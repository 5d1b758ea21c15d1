"""People who work in the shop: the last owner steps down, and a recovery code is shown twice."""

import secrets

from bus.messages.base import new_id
from bus.messages.staff import COMMAND_LINE, OWNER, ChangePerson, CountOwners, Invite, Join, PersonKept
from bus.messages.staff_sign_in import BeginTotp, FactorProven, KeepTotp, ProveFactor, TotpBegun, TotpKept
from engine import totp
from testkit import ShopUnderTest
from tests.faults.scenarios.parts import Findings


async def joined(shop: ShopUnderTest, role: str = OWNER) -> str:
    """A person with this role; gives the id."""
    token, who = secrets.token_bytes(32), new_id("stf")
    invite = Invite(
        id=who, email=f"{who}@shop.example", name="n", role=role, token_hash=token, valid_s=60, by=COMMAND_LINE
    )
    assert isinstance(await shop.ask(invite), PersonKept)
    assert isinstance(await shop.ask(Join(token_hash=token, password="hash", by=COMMAND_LINE)), PersonKept)
    return who


async def with_codes(shop: ShopUnderTest, codes: tuple[bytes, ...]) -> str:
    """A person who has codes by time, and these recovery codes."""
    who = await joined(shop)
    begun = await shop.ask(BeginTotp(id=who))
    assert isinstance(begun, TotpBegun)
    code = totp.code_of(begun.secret, shop.clock.now())
    kept = await shop.ask(KeepTotp(id=who, code=code, recovery_hashes=codes, by=COMMAND_LINE))
    assert isinstance(kept, TotpKept)
    return who


async def the_only_owner_steps_down(shop: ShopUnderTest) -> Findings:
    who = await joined(shop)
    await shop.ask(ChangePerson(id=who, role="warehouse", by=COMMAND_LINE))
    return [] if await shop.ask(CountOwners()) else ["the shop has no owner"]


async def a_recovery_code_is_shown_twice(shop: ShopUnderTest) -> Findings:
    code = secrets.token_bytes(32)
    who = await with_codes(shop, (code, secrets.token_bytes(32)))
    answers = [await shop.ask(ProveFactor(id=who, recovery_hash=code)) for _ in range(2)]
    let_in = sum(isinstance(each, FactorProven) for each in answers)
    return [] if let_in == 1 else [f"one code has let in {let_in} times"]


async def a_code_by_time_is_shown_twice(shop: ShopUnderTest) -> Findings:
    who = await joined(shop)
    begun = await shop.ask(BeginTotp(id=who))
    assert isinstance(begun, TotpBegun)
    code = totp.code_of(begun.secret, shop.clock.now())
    assert isinstance(await shop.ask(KeepTotp(id=who, code=code, recovery_hashes=(), by=COMMAND_LINE)), TotpKept)
    answer = await shop.ask(ProveFactor(id=who, code=code))
    return ["one code has let in twice"] if isinstance(answer, FactorProven) else []
