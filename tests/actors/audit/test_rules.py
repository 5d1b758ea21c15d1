"""Findings that are of no single order, and what becomes of all of them."""

from datetime import UTC, datetime
from typing import get_args

from actors.audit.rules import MOST_FINDINGS, OverdueDeliveries, bounded, missing, overdue, with_letter
from bus.messages.audit import RULES, CheckId, Remedy

ORDER, NOON = "ord_1", datetime(2030, 1, 7, 12, tzinfo=UTC)


def test_findings_are_bounded_and_say_that_there_are_more() -> None:
    one = missing(ORDER)

    assert bounded([one] * MOST_FINDINGS) == [one] * MOST_FINDINGS
    told = bounded([one] * (MOST_FINDINGS + 5))
    assert (len(told), told[-1].detail) == (MOST_FINDINGS, "6 more findings are not told")


def test_a_parked_message_is_the_first_remedy_and_what_is_overdue_says_who_is_away() -> None:
    assert with_letter(missing(ORDER), 7, "order could not handle PaymentReceived").remedy == Remedy(
        action="redrive", target="7", detail="order could not handle PaymentReceived"
    )
    late = overdue(OverdueDeliveries("email", "OrderCreated", 3, NOON))
    assert (late.about, late.detail[:1]) == ("email OrderCreated", "3")
    assert late.remedy == Remedy(action="host_actor", target="email")


def test_each_check_has_its_words_in_the_order_of_the_checks() -> None:
    assert list(RULES) == list(get_args(CheckId))
