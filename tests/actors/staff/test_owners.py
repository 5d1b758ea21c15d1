"""The last owner stays, also when two demote each other at once in two processes."""

import asyncio
import secrets
from contextlib import suppress
from datetime import timedelta

import msgspec

from actors.staff import acts
from actors.staff.actor import People
from bus.messages.staff import COMMAND_LINE, OWNER, ChangePerson, CountOwners, Doer, Invite, Join, LastOwner, PersonKept
from bus.messages.staff_acts import Act, AuditActs, ListActs, RecordAct
from gateway.staff_gate import StaffSettings
from testkit import Servers, ShopUnderTest
from testkit.shop_under_test import open_shop_under_test
from wiring.domains import ShopSettings

ROUNDS = 8


class Undo(Exception):
    pass


def undo() -> None:
    raise Undo


async def owner(shop: ShopUnderTest) -> str:
    token, who = secrets.token_bytes(32), f"stf_{secrets.token_hex(6)}"
    invite = Invite(
        id=who, email=f"{who}@shop.example", name="n", role=OWNER, token_hash=token, valid_s=60, by=COMMAND_LINE
    )
    assert isinstance(await shop.ask(invite), PersonKept)
    assert isinstance(await shop.ask(Join(token_hash=token, password="hash", by=COMMAND_LINE)), PersonKept)
    return who


async def test_of_two_that_demote_each_other_one_stays(shop: ShopUnderTest) -> None:
    """Each in a transaction of its own, as in two processes."""
    inside = shop.inside
    people = People(database=inside.services.database, clock=shop.clock, vault=inside.vault, acts_kept=timedelta(0))
    first = await owner(shop)
    for _ in range(ROUNDS):
        second = await owner(shop)

        async def demote(who: str) -> object:
            async with inside.services.database.transaction(shop.clock.now()) as tx:
                ask = ChangePerson(id=who, role="manager", by=COMMAND_LINE)
                return await People.change_person(people, tx, ask)

        answers = await asyncio.gather(demote(first), demote(second))

        assert sorted(type(each).__name__ for each in answers) == ["LastOwner", "PersonKept"]
        assert await shop.ask(CountOwners()) == 1
        first = first if isinstance(answers[0], LastOwner) else second


async def test_acts_of_two_processes_are_one_chain(shop: ShopUnderTest) -> None:
    inside = shop.inside

    async def act(number: int) -> None:
        async with inside.services.database.transaction(shop.clock.now()) as tx:
            await acts.add(tx, [Act(by="stf_1", what=f"{number}.{place}") for place in range(3)])

    await asyncio.gather(*(act(number) for number in range(12)))
    await asyncio.gather(*(shop.ask(RecordAct(act=Act(by="stf_2", what=str(n)))) for n in range(20)))

    found = await shop.ask(AuditActs())
    assert (found.findings, found.checked) == ((), 56)
    page = await shop.ask(ListActs(limit=100))
    assert [each.id for each in page.acts] == list(range(56, 0, -1))


async def test_whatever_is_altered_breaks_the_chain(shop: ShopUnderTest) -> None:
    for number in range(6):
        await shop.ask(RecordAct(act=Act(by="stf_1", what=str(number))))
    database = shop.inside.services.database

    async def findings_after(statement: str) -> list[str]:
        """What is found once this is done; it is undone then."""
        found: list[str] = []
        with suppress(Undo):
            async with database.transaction(shop.clock.now()) as tx:
                await tx.execute(statement)
                found += [each.about for each in (await acts.verify(tx))[0]]
                undo()
        return found

    assert await findings_after("select 1") == []
    assert await findings_after("update staff.actions set what = 'nothing' where id = 2") == ["2"]
    assert await findings_after("update staff.actions set at = at + interval '1 second' where id = 2") == ["2"]
    assert await findings_after("update staff.actions set before = 'x' where id = 5") == ["5"]
    assert (await findings_after("delete from staff.actions where id = 3"))[0] == "3"
    assert await findings_after("delete from staff.actions where id = 6") == ["6"]
    assert (await findings_after("update staff.actions set link = sha256('x') where id = 4"))[0] == "4"


async def test_acts_of_long_ago_go_by_whole_days_and_the_chain_holds(shop: ShopUnderTest) -> None:
    database, begun = shop.inside.services.database, shop.clock.now()
    for day in range(3):
        for number in range(2):
            await shop.ask(RecordAct(act=Act(by="stf_1", what=f"{day}.{number}")))
        await shop.clock.advance(days=1)

    async with database.transaction(shop.clock.now()) as tx:
        pruned = await acts.prune(tx, begun + timedelta(days=1, hours=11))
        again = await acts.prune(tx, begun + timedelta(days=1))
    kept = [act.act.what for act in (await shop.ask(ListActs(limit=100))).acts]
    found = await shop.ask(AuditActs())

    assert (pruned, again) == (2, 0)
    assert kept == ["acts pruned", "2.1", "2.0", "1.1", "1.0"]
    assert (found.findings, found.checked) == ((), 5)

    async with database.transaction(shop.clock.now()) as tx:
        await acts.prune(tx, begun + timedelta(days=2))
        assert await acts.verify(tx) == ([], 4)
        await tx.execute("delete from staff.actions where id = 5")
        await tx.execute("update staff.head set first_id = 6")
        assert (await acts.verify(tx))[0] != []


def for_a_day(settings: ShopSettings) -> ShopSettings:
    return msgspec.structs.replace(settings, staff=StaffSettings(shopflow_acts_kept_days=1))


async def test_the_record_prunes_itself(servers: Servers) -> None:
    async with open_shop_under_test(servers, change=for_a_day) as shop:
        await shop.ask(RecordAct(act=Act(by="stf_1", what="long ago")))

        await shop.clock.advance(days=3)

        kept = [act.act.what for act in (await shop.ask(ListActs(limit=100))).acts]
        assert "long ago" not in kept
        assert "acts pruned" in kept
        assert (await shop.ask(AuditActs())).findings == ()


async def test_a_person_is_named_in_no_clear_text(shop: ShopUnderTest) -> None:
    token = secrets.token_bytes(32)
    invite = Invite(
        id="stf_canary", email="Canary.Person@shop.example", name="Canary Person", role=OWNER, token_hash=token,
        valid_s=60, by=Doer(id="command line", address="192.0.2.7"),
    )  # fmt: skip
    assert isinstance(await shop.ask(invite), PersonKept)

    tables = ("users", "actions", "head", "roles", "tokens")
    rows = [
        row["content"]
        for table in tables
        for row in await shop.inside.services.database.fetch(f"select t::text as content from staff.{table} t")
    ]
    text = " ".join(rows).casefold()

    assert "canary" not in text.replace("stf_canary", "")
