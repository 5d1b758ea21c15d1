"""A shop that is killed while it hears of money that moved without it: it ends as one that was not."""

import pytest

from bus.messages.payment import DisputeOpened, FullyRefunded, PaymentProcessing, PaymentReceived
from testkit import ShopUnderTest
from tests.faults.scenarios.outside_facts import (
    a_bank_disputes_what_is_being_picked,
    a_bank_says_no_when_the_order_is_called_off,
    a_bank_takes_six_days,
    a_refund_is_heard_of_before_the_money,
    a_refund_is_heard_of_by_its_charge_alone,
    all_money_goes_back_before_packing,
    an_order_is_called_off_that_was_given_back_in_part,
    money_is_given_back_in_the_dashboard,
)
from tests.faults.scenarios.parts import Scenario

# Around every call that asks Stripe, and every turn that records what it said.
KILLED: dict[Scenario, tuple[str, ...]] = {
    money_is_given_back_in_the_dashboard: (
        "before-commit@payment.apply_webhook:2", "after-commit@payment.apply_webhook:2",
    ),
    an_order_is_called_off_that_was_given_back_in_part: (
        "after-call@payment.send_refund", "before-commit@payment.record_refund", "after-commit@payment.record_refund",
        "after-call@payment.send_refund:2",
    ),
    a_refund_is_heard_of_by_its_charge_alone: (
        "before-call@payment.adopt_refunds", "after-call@payment.adopt_refunds",
        "before-commit@payment.record_refunds_seen", "after-commit@payment.record_refunds_seen",
    ),
    a_refund_is_heard_of_before_the_money: ("after-commit@payment.record_refunds_seen:2",),
    all_money_goes_back_before_packing: (
        "before-commit@order.on_fully_refunded", "after-commit@order.on_fully_refunded",
        "before-commit@warehouse.on_fully_refunded", "before-commit@inventory.cancel",
    ),
    a_bank_disputes_what_is_being_picked: (
        "after-commit@payment.apply_webhook:2", "before-commit@warehouse.on_disputed",
    ),
    a_bank_takes_six_days: ("before-commit@inventory.await_bank", "before-commit@order.on_processing"),
    a_bank_says_no_when_the_order_is_called_off: (
        "after-call@payment.cancel_intent:2", "after-commit@payment.apply_webhook:2",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("scenario", "point"),
    [
        pytest.param(scenario, point, id=f"{scenario.__name__}-{point}")
        for scenario, points in KILLED.items()
        for point in points
    ],
)
async def test_a_fact_that_was_heard_in_a_shop_that_died_is_known_once(
    shop: ShopUnderTest, scenario: Scenario, point: str
) -> None:
    async with shop.kill_at(point):
        assert await scenario(shop) == []
    await shop.audit()

    for event in (DisputeOpened, FullyRefunded, PaymentProcessing, PaymentReceived):
        assert len(shop.published(event)) <= 1
