"""Staff find customers by what they say: just those, each once, the newest first, whichever way is the fastest."""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from actors.customer import profiles
from actors.customer.private import ProfileBox
from actors.customer.store import CUSTOMERS
from bus.messages.base import new_id
from bus.messages.customer import Profile
from bus.messages.customer_own import ListCustomers
from engine.blind_index import says_all
from engine.sealing import Place
from engine.transaction import Transaction
from testkit import ShopUnderTest

FIRST = ("Ada", "Adam", "Bo", "Grace")
LAST = ("Lovelace", "Lovely", "Hopper", "Ada", "Li")
ASKED = (
    "ada", "lov", "lovelace", "lovel", "ada lovelace", "grace hopper", "bo", "bo li", "a", "1234", "ada ada hop 1234",
    "nobody", "ada nobody", "ada3@example.com", "ada3@example.com bo",
)  # fmt: skip
ADD = """
insert into customer.customers (id, email_index, profile, tokens, state, created_at)
values ($1, $2, $3, $4, 'active', $5)"""


async def fill(shop: ShopUnderTest, people: Sequence[ProfileBox]) -> None:
    """Add accounts, several in one moment; those who are called by no common name are the oldest."""
    vault, now = shop.inside.vault, shop.clock.now()
    async with shop.inside.services.database.transaction(now) as tx:
        ids = [new_id("cus") for _ in people]
        keys = await vault.keys(tx, [(each, "account") for each in ids], creating=True)
        for number, (who, box) in enumerate(zip(ids, people, strict=True)):
            sealed = keys.seal(box, Place(CUSTOMERS, "profile", who), who, "account")
            tokens = vault.search_tokens(email=box.email, name=box.name, phone=box.phone)
            at = now + timedelta(seconds=number // 3)
            await tx.execute(ADD, who, vault.email_index(box.email), sealed, tokens, at)


async def pages(shop: ShopUnderTest, text: str, limit: int) -> list[list[Profile]]:
    """Read page after page."""
    seen, after = list[list[Profile]](), ""
    for _ in range(100):
        page = await shop.ask(ListCustomers(q=text, limit=limit, after=after))
        seen.append(list(page.customers))
        if page.next is None:
            return seen
        after = page.next
    raise AssertionError("the pages have no end")


def is_meant(shop: ShopUnderTest, who: Profile, text: str) -> bool:
    """Whether somebody says all words, and has a token of each of the first three."""
    tokens = set(shop.inside.vault.search_tokens(email=who.email, name=who.name, phone=who.phone))
    has_tokens = all(tokens & set(asked) for asked in shop.inside.vault.asked_tokens(text)[:3])
    return has_tokens and says_all(text, email=who.email, name=who.name, phone=who.phone)


def joined(read: Sequence[Sequence[Profile]]) -> list[Profile]:
    return [each for page in read for each in page]


def some_people(seed: int, count: int = 90) -> list[ProfileBox]:
    chance = random.Random(seed)
    return [
        ProfileBox(
            email=f"{chance.choice(FIRST)}{number}@example.com".lower(),
            name=f"{chance.choice(FIRST)} {chance.choice(LAST if number < 30 else LAST[:3])}",
            phone=chance.choice(("", "030 1234", "030 99991234", "030 5555")),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(("seed", "looked_at", "often", "walks"), [(1, 4, 2, 3), (2, 9, 1, 50), (3, 200, 10, 10)])
async def test_the_pages_have_just_those_who_say_all_words_once_and_the_newest_first(
    shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch, seed: int, looked_at: int, often: int, walks: int
) -> None:
    for name, value in {"_AT_ONCE": 5, "_LOOKED_AT": looked_at, "_OFTEN": often, "_MOST_WALKS": walks}.items():
        monkeypatch.setattr(profiles, name, value)
    await fill(shop, some_people(seed))
    everybody = joined(await pages(shop, "", 100))
    assert len(everybody) == 90

    for text in ASKED:
        meant = [each for each in everybody if is_meant(shop, each, text)]
        for limit in (1, 7, 100):
            found = await pages(shop, text, limit)
            assert joined(found) == meant, text
            assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1), text  # Each but the last is full.


async def test_a_page_ends_where_enough_were_opened_and_the_next_goes_on(
    shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "_MOST_OPENED", 8)
    monkeypatch.setattr(profiles, "_AT_ONCE", 3)
    monkeypatch.setattr(profiles, "_OFTEN", 1)
    await fill(shop, some_people(4))
    everybody = joined(await pages(shop, "", 100))

    found = await pages(shop, "lovelace", 7)

    assert joined(found) == [each for each in everybody if "Lovelace" in each.name]
    assert any(len(page) < 7 for page in found[:-1])  # Of "Lovely" the tokens are the same.


@pytest.mark.parametrize(
    ("text", "statements"),
    [("ada3@example.com", 2), ("lov", 2), ("hopper", 3), ("nobody", 2)],  # To find, some twice, and to get keys.
)
async def test_what_many_say_is_found_without_the_index_and_what_few_say_with_it(
    shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch, text: str, statements: int
) -> None:
    people = [ProfileBox(email=f"ada{n}@example.com", name="Ada Lovelace", phone="") for n in range(60)]
    await fill(shop, [ProfileBox(email="g@example.com", name="Grace Hopper", phone=""), *people])
    asked = list[str]()
    fetch = Transaction.fetch

    async def counted(tx: Transaction, sql: str, *parameters: object) -> object:
        asked.append(sql)
        return await fetch(tx, sql, *parameters)

    monkeypatch.setattr(Transaction, "fetch", counted)
    page = await shop.ask(ListCustomers(q=text))

    assert len(page.customers) == {"lov": 20, "nobody": 0}.get(text, 1)
    ours = [sql for sql in asked if "customer.customers" in sql or "vault.keys" in sql]
    assert len(ours) == statements, ours
