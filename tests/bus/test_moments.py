"""What a timeline says is read back from what was stored: each text that the order's rules write has its phrase."""

import re
from collections.abc import Callable, Sequence

import pytest

from actors.order import rules
from actors.order.rules import OrderState
from bus.messages import moments
from bus.messages.base import Money
from tests.actors.order.support import NOON, order_of

FIVE = Money(amount=500, currency="CHF")
DECIDE: Sequence[tuple[Callable[[OrderState], object], str]] = [
    (lambda order: rules.paid(order, FIVE, NOON), "CHF 5.00"),
    (lambda order: rules.further_paid(order, "order", FIVE), "CHF 5.00 for the order itself"),
    (lambda order: rules.refunded(order, FIVE, by="stf_1"), "refunded CHF 5.00 by stf_1|CHF 5.00"),
    (lambda order: rules.refund_failed(order, FIVE, "no such card", was_processed=False), "CHF 5.00: no such card"),
    (lambda order: rules.disputed(order, FIVE, "duplicate", is_inquiry=False), "CHF 5.00: it was paid twice"),
    (lambda order: rules.disputed(order, FIVE, "general", is_inquiry=True),
     "inquiry about CHF 5.00: no reason was given"),
    (lambda order: rules.dispute_closed(order, FIVE, "won"), "CHF 5.00: won by the shop"),
    (lambda order: rules.dispute_funds_moved(order, FIVE, is_withdrawal=True), "CHF 5.00 withdrawn"),
    (lambda order: rules.dispute_funds_moved(order, FIVE, is_withdrawal=False), "CHF 5.00 put back"),
    (lambda order: rules.warned_of_fraud(order, "misc"), "No kind of fraud was named"),
    (lambda order: rules.processing(order, NOON), "The bank has been asked."),
    (lambda order: rules.call_off(order, "staff", NOON, by="Ada (tok_1)"),
     "cancelled by Ada (tok_1)|The shop called it off."),
]  # fmt: skip


@pytest.mark.parametrize(("decide", "said"), DECIDE)
def test_what_the_rules_note_is_said_and_its_amounts_are_read_back(
    decide: Callable[[OrderState], object], said: str
) -> None:
    order = order_of("pending_payment")
    decide(order)
    phrases = [moments.phrase(event, detail) for event, detail, _ in order.entries]

    assert "|".join(map(str, phrases)) == said
    assert sum("CHF" in each for each in said.split("|")) == sum(len(each.amounts) for each in phrases)
    assert not any(re.search("CHF|_", each.text) for each in phrases)


def test_a_correction_names_its_fields() -> None:
    assert moments.detail("BuyerCorrected", "email, address by stf_1") == "E-mail, Postal address by stf_1"
    assert moments.detail("RefundsCorrected", "€1.00 was written down, €0.00 went back").startswith("€1.00 was")


@pytest.mark.parametrize("text", ["100 % of it, %(amount)s and 5 %s", "a¥1,640,b", "€5.00, €6.00.", "%"])
def test_what_nobody_knows_is_said_as_it_was_written(text: str) -> None:
    for event in ("PaymentReceived", "ParcelMovedByTram", *moments.PHRASES):
        assert moments.detail(event, text) == text


def test_every_phrase_belongs_to_an_entry_and_its_gaps_are_known() -> None:
    gaps = {gap for phrases in moments.PHRASES.values() for each in phrases for gap in re.findall(r"%\((\w+)\)s", each)}

    assert gaps == {*moments._MONEY, *moments._CODES, "why", "person"}
