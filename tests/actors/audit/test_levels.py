"""Whether the stock levels that readers see are those of the inventory."""

import pytest

from actors.audit.levels import confirm_stale, stale_levels
from bus.messages.inventory import StockLevel


def level(version: int, available: int = 5) -> dict[str, StockLevel]:
    return {"MUG": StockLevel(sku="MUG", available=available, version=version)}


@pytest.mark.parametrize(
    ("cached_then", "actual_then", "cached_now", "actual_now", "is_wrong"),
    [
        (level(3), level(3), level(3), level(3), False),
        (level(3), level(4), level(4), level(4), False),
        (level(3), level(4), level(4), level(9), False),  # Busy: it has told what was true.
        (level(3), level(4), level(6), level(9), False),
        (level(3), level(4), {}, level(4), False),  # Nobody watches any more.
        (level(3), level(4), level(3), level(9), True),
        (level(3), level(3, 9), level(3), level(3, 9), True),
        (level(8), level(4), level(8), level(4), True),  # A backup was restored.
        (level(8), {}, level(8), {}, True),
    ],
)
async def test_who_tells_an_old_level_is_given_time_to_catch_up(
    cached_then: dict[str, StockLevel],
    actual_then: dict[str, StockLevel],
    cached_now: dict[str, StockLevel],
    actual_now: dict[str, StockLevel],
    is_wrong: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("actors.audit.levels._CATCH_UP_S", 0.0)

    async def cached(_: object) -> dict[str, StockLevel]:
        return cached_now

    async def actual(_: object) -> dict[str, StockLevel]:
        return actual_now

    suspects = stale_levels(cached_then, actual_then)
    assert [level.sku for level, _ in await confirm_stale(suspects, cached, actual)] == (["MUG"] if is_wrong else [])
