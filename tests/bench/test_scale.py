"""The arithmetic of docs/scaling.md."""

import pytest

from bench.scale import Purchase, closed_loop_per_second, need, table
from tests.docs import DOCS


def test_the_guide_shows_what_the_model_says() -> None:
    assert table() in (DOCS / "scaling.md").read_text(encoding="utf-8")


def test_twice_the_purchases_need_twice_of_everything_in_the_end() -> None:
    few, many = need(1_000_000), need(2_000_000)

    assert many.shop_cores == pytest.approx(2 * few.shop_cores, rel=0.01)
    assert many.primaries == pytest.approx(2 * few.primaries, rel=0.05)


def test_a_small_shop_is_one_process() -> None:
    assert need(10).split == "one process"
    assert need(10, Purchase(shop_ms=100)).split != "one process"


def test_a_turn_is_one_message_for_one_caller_and_all_that_wait_for_many() -> None:
    assert closed_loop_per_second(1, alone_s=0.0017, each_s=0.000038) == pytest.approx(588, abs=1)
    assert closed_loop_per_second(32, alone_s=0.0017, each_s=0.000038) == pytest.approx(
        11_120, abs=10
    )  # 10,340 in fact.
    assert closed_loop_per_second(1_000_000, alone_s=0.0017, each_s=0.000038) < 1 / 0.000038
