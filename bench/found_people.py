"""Staff looking for one of very many customers, whose names are sealed, without HTTP."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Final

import uvloop

from actors.customer.private import ProfileBox
from actors.customer.store import CUSTOMERS
from bench.in_process_shop import open_in_process_shop
from bench.report import ResultTable, percentile
from bus.messages.base import new_id
from bus.messages.customer_own import ListCustomers
from engine.sealing import Place
from wiring.shop import Shop

_MANY: Final = 1_000_000
_BATCH: Final = 5_000
_ASKED: Final = 200  # Of each kind of words.
_SYLLABLES: Final = ("ba", "cor", "del", "fen", "gar", "hol", "jan", "kel", "lin", "mar", "nor", "per", "ros", "ste")
_FIRST_NAMES: Final = 600
_LAST_NAMES: Final = 20_000
_ADD: Final = """
insert into customer.customers (id, email_index, profile, tokens, state, created_at)
select id, email_index, profile, tokens::bigint[], 'active', $5
from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[]) as n (id, email_index, profile, tokens)"""


def table(folder: Path) -> ResultTable:
    """Finding one of 1,000,000 customers."""
    found = ResultTable(
        f"One of {_MANY:,} customers found by staff, without HTTP",
        ("asked for", "found on the page", "p50, ms", "p99, ms"),
        aim="Aim: within 100 ms.",
    )
    for kind, count, times in uvloop.run(_measure(folder)):
        found.add(
            kind, f"{count / len(times):.1f}", *(f"{percentile(times, share) * 1000:.1f}" for share in (0.5, 0.99))
        )
    return found


async def _measure(folder: Path) -> list[tuple[str, int, list[float]]]:
    chance = random.Random(7)
    async with open_in_process_shop(folder) as shop:
        people = await _fill(shop, chance)
        await shop.services.database.fetch("vacuum analyze customer.customers")
        rows = []
        for kind, words in _words(chance.sample(people, _ASKED)).items():
            count, times = 0, list[float]()
            for q in words:
                began = perf_counter()
                page = await shop.bus.ask(ListCustomers(q=q))
                times.append(perf_counter() - began)
                count += len(page.customers)
            rows.append((kind, count, times))
    return rows


def _words(people: Sequence[ProfileBox]) -> Mapping[str, Sequence[str]]:
    return {
        "an e-mail address": [each.email for each in people],
        "first and last name": [each.name for each in people],
        "a last name": [each.name.split()[1] for each in people],
        "five letters of a last name": [each.name.split()[1][:5] for each in people],
        "three letters of both names": [" ".join(word[:3] for word in each.name.split()) for each in people],
        "three letters of a last name": [each.name.split()[1][:3] for each in people],
        "four digits of a phone": [each.phone[-4:] for each in people],
    }


async def _fill(shop: Shop, chance: random.Random) -> list[ProfileBox]:
    """Make customers as the actor would, many in a statement; return some of them."""
    seen = list[ProfileBox]()
    people = _people(chance)
    while some := list(islice(people, _BATCH)):
        ids = [new_id("cus") for _ in some]
        async with shop.services.database.transaction(shop.clock.now()) as tx:
            keys = await shop.vault.keys(tx, [(each, "account") for each in ids], creating=True)
            boxes = [
                keys.seal(box, Place(CUSTOMERS, "profile", each), each, "account")
                for each, box in zip(ids, some, strict=True)
            ]
            indexes = [shop.vault.email_index(box.email) for box in some]
            tokens = [
                "{"
                + ",".join(map(str, shop.vault.search_tokens(email=box.email, name=box.name, phone=box.phone)))
                + "}"
                for box in some
            ]
            await tx.execute(_ADD, ids, indexes, boxes, tokens, tx.now)
        seen += some[:50]
    return seen


def _people(chance: random.Random) -> Iterator[ProfileBox]:
    """Make up customers; common names are common."""
    first = [_name(chance, 2) for _ in range(_FIRST_NAMES)]
    last = [_name(chance, 3) for _ in range(_LAST_NAMES)]
    for number in range(_MANY):
        one, other = first[int(chance.paretovariate(1)) % len(first)], last[int(chance.random() ** 3 * len(last))]
        phone = f"+49 30 {chance.randrange(10**7):07}"
        yield ProfileBox(email=f"{one}.{other}{number}@example.com", name=f"{one} {other}".title(), phone=phone)


def _name(chance: random.Random, syllables: int) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(syllables))
