"""So many a period, a period's worth of them at once."""

from gateway.rate_limit import RateLimit

LIMIT = RateLimit(100, 60.0)


def taken(limit: RateLimit, costs: list[int], *, now_s: float = 1000.0, every_s: float = 0.0) -> list[bool]:
    """Take them one after the other, each whatever became of the one before."""
    tat_s, answers = 0.0, list[bool]()
    for cost in costs:
        tat_s = limit.charge(tat_s, now_s, cost)
        answers.append(limit.allows(tat_s, now_s))
        now_s += every_s
    return answers


def test_a_periods_worth_may_be_taken_at_once_and_not_one_more() -> None:
    assert taken(LIMIT, [1] * 101) == [True] * 100 + [False]


def test_what_weighs_more_is_spent_sooner() -> None:
    assert taken(LIMIT, [20] * 6) == [True] * 5 + [False]


def test_at_the_promised_rate_it_goes_on_for_ever() -> None:
    assert all(taken(LIMIT, [1] * 1000, every_s=0.6))


def test_a_rest_is_worth_no_more_than_a_period() -> None:
    tat_s = LIMIT.charge(0.0, 0.0)

    assert LIMIT.charge(tat_s, 10_000.0) == 10_000.0 + 0.6
