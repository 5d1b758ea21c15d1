"""The statements do with a claim what its table says, and nothing that it does not say."""

from collections.abc import AsyncIterator
from typing import get_args

import pytest

from actors.idempotency import rules, store
from actors.idempotency.actor import IdempotencyKeys
from actors.idempotency.rules import CLAIM_NEXT, LEASE, Fact, Stage, stage_of
from bus.messages.idempotency import Claimed, ClaimKey, EndLease, GiveBackKey, KeepAnswer
from engine.clock import ManualClock
from engine.postgres import Database, open_database
from testkit import Servers
from wiring.domains import SCHEMAS

PAIRS = [(stage, fact) for stage in get_args(Stage) for fact in get_args(Fact)]
KEY = "a key"
TABLES = {"gateway": SCHEMAS["gateway"]}


@pytest.fixture
async def tables(servers: Servers) -> AsyncIterator[Database]:
    url = await servers.fresh_database(TABLES)
    async with open_database(url, connections=2) as opened:
        yield opened
    await servers.drop(url)


class Claims:
    """One claim, brought into a stage."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock()
        self.actor = IdempotencyKeys(database=database)
        self.claimed_at = self.clock.now()

    async def be(self, stage: Stage) -> None:
        if stage != "free":
            await self.hear("asked")
        if stage == "kept":
            await self.hear("succeeded")
        if stage == "lapsed":
            self.clock.jump(LEASE)

    async def hear(self, fact: Fact) -> None:
        async with self.database.transaction(self.clock.now()) as tx:
            match fact:
                case "asked":
                    (answer,) = await self.actor.claim(tx, [ClaimKey(key=KEY, body_hash="body")])
                    if isinstance(answer, Claimed):
                        self.claimed_at = answer.at
                case "succeeded":
                    await self.actor.keep(tx, [KeepAnswer(key=KEY, status=201, content=b"again")])
                case "refused":
                    await self.actor.give_back(tx, [GiveBackKey(key=KEY, at=self.claimed_at)])
                case "failed":
                    await self.actor.end_lease(tx, [EndLease(key=KEY, at=self.claimed_at)])

    async def now(self) -> rules.Claim | None:
        async with self.database.transaction(self.clock.now()) as tx:
            return (await store.read(tx, [KEY])).get(KEY)


@pytest.mark.parametrize(("stage", "fact"), PAIRS)
async def test_a_fact_makes_of_a_claim_what_the_table_says(tables: Database, stage: Stage, fact: Fact) -> None:
    claims = Claims(tables)
    await claims.be(stage)
    before = await claims.now()

    await claims.hear(fact)

    after = await claims.now()
    assert stage_of(after, claims.clock.now()) == CLAIM_NEXT.get((stage, fact), stage)
    if (stage, fact) not in CLAIM_NEXT and stage != "lapsed":  # Of one that lapsed, the lease may end anew.
        assert after == before


@pytest.mark.parametrize("fact", ["refused", "failed"])
async def test_who_was_taken_over_changes_nothing_any_more(tables: Database, fact: Fact) -> None:
    claims = Claims(tables)
    await claims.be("lapsed")
    slow = claims.claimed_at
    await claims.hear("asked")
    taken_over = await claims.now()

    claims.claimed_at = slow
    await claims.hear(fact)

    assert await claims.now() == taken_over
