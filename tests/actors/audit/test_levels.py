"""Whether the stock levels that readers are told are those of the inventory."""

import pytest

from bus.levels import differing, still_wrong
from bus.messages.inventory import StockLevel


def level(version: int, available: int = 5) -> dict[str, StockLevel]:
    return {"MUG": StockLevel(sku="MUG", available=available, version=version)}


@pytest.mark.parametrize(
    ("told_then", "true_then", "told_now", "true_now", "is_wrong"),
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
    told_then: dict[str, StockLevel],
    true_then: dict[str, StockLevel],
    told_now: dict[str, StockLevel],
    true_now: dict[str, StockLevel],
    is_wrong: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bus.levels._PATIENCE_S", 0.0)

    async def told(_: object) -> dict[str, StockLevel]:
        return told_now

    async def true(_: object) -> dict[str, StockLevel]:
        return true_now

    suspects = differing(told_then, true_then)
    assert [level.sku for level, _ in await still_wrong(suspects, told, true)] == (["MUG"] if is_wrong else [])
