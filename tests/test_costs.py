"""What things cost, counted and not timed: a gross regression fails here, on any machine."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import pytest

from engine.testing import ShopUnderTest

CROWD = 32


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What PostgreSQL is asked, by the statement's first words; the counter can be cleared."""
    seen: Counter[str] = Counter()
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        original = getattr(asyncpg.Connection, name)

        async def counted(self: Any, sql: str, *rest: Any, original: Any = original, **options: Any) -> Any:
            seen[" ".join(sql.split()[:4])] += 1
            return await original(self, sql, *rest, **options)

        monkeypatch.setattr(asyncpg.Connection, name, counted)
    return seen


async def test_a_purchase_alone_takes_at_most_so_many_statements(shop: ShopUnderTest, statements: Counter[str]) -> None:
    await shop.buy(BOOK=1)  # Afterwards everything is prepared.
    statements.clear()

    await shop.buy(BOOK=1)

    assert statements["COMMIT;"] <= 20, statements
    assert statements.total() <= 100, statements


async def test_checkouts_of_a_crowd_share_their_transactions(shop: ShopUnderTest, statements: Counter[str]) -> None:
    await shop.check_out(BOOK=1)
    statements.clear()

    await asyncio.gather(*(shop.check_out(BOOK=1) for _ in range(CROWD)))

    assert statements["COMMIT;"] <= 1.5 * CROWD, statements
    assert statements.total() <= 6 * CROWD, statements
