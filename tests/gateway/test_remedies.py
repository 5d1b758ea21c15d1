"""Each action in words, and the request that does it."""

from typing import get_args

import pytest

from bus.messages.audit import RULES, Action, CheckId, Finding, Remedy
from bus.messages.base import Minor
from gateway.remedies import REQUEST_FOR, advice, request_of, step

STUCK: list[Action] = [
    "redrive", "refund", "refund_again", "ask_stripe", "return_at_stripe", "answer_bank", "judge_warning",
    "open_pick_list", "help_parcel",
]  # fmt: skip


def test_every_check_has_its_rule_and_no_two_read_alike() -> None:
    assert list(RULES) == list(get_args(CheckId))
    assert len(set(RULES.values())) == len(RULES)
    finding = Finding(check="held_equals_holds", about="MUG", detail="", remedy=Remedy(action="repair"))
    assert finding.rule == "I3 held = live holds"


@pytest.mark.parametrize("action", get_args(Action))
def test_every_action_has_its_sentence(action: Action) -> None:
    sentence = advice(Remedy(action=action, target="ord_1", detail="pi_1"))

    assert sentence
    assert "{" not in sentence.replace("/stock/{sku}", "").replace('{"on_hand"', "")


@pytest.mark.parametrize(
    ("remedy", "sentence"),
    [
        (Remedy(action="repair", target="MUG"), "POST /admin/api/audit/repair"),
        (
            Remedy(action="redrive", target="7", detail="order could not handle PaymentReceived"),
            "POST /admin/api/dead-letters/7/redrive: order could not handle PaymentReceived",
        ),
        (
            Remedy(action="count_shelf", target="MUG"),
            'count the shelf, then PUT /admin/api/stock/MUG {"on_hand": <what is there>, "recount": true}',
        ),
        (
            Remedy(action="count_or_redrive", target="ord_1"),
            "count the shelf, then PUT /admin/api/stock/{sku}; if a dead letter is about the order, redrive it instead",
        ),
        (
            Remedy(action="count_or_cancel", target="ord_1"),
            "count the shelf; or POST /orders/ord_1/cancel as staff; the buyer orders again",
        ),
        (Remedy(action="refund", target="ord_1"), "refund it: POST /admin/api/orders/ord_1/refunds"),
        (Remedy(action="open_pick_list", target="ord_1"), "POST /admin/api/pick-lists/ord_1/open"),
    ],
)
def test_a_finding_is_told_with_its_request(remedy: Remedy, sentence: str) -> None:
    assert advice(remedy) == sentence


@pytest.mark.parametrize("action", STUCK)
def test_what_is_stuck_has_one_request_and_a_sentence_beside_it(action: Action) -> None:
    remedy = Remedy(action=action, target="ord_1", detail="pi_1")

    assert step(remedy)
    assert request_of(remedy) is not None


@pytest.mark.parametrize(("amount", "body"), [(None, "{}"), (300, '{"amount":300}')])
def test_a_refund_says_how_much_unless_it_is_all(amount: Minor | None, body: str) -> None:
    request = request_of(Remedy(action="refund_again", target="ord_1", amount=amount))

    assert request == ("POST", "/admin/api/orders/ord_1/refunds", body)


def test_only_staffs_own_routes_and_the_cancellation_are_named() -> None:
    assert {path for _, path, _ in REQUEST_FOR.values() if not path.startswith("/admin/api/")} == {
        "/orders/{target}/cancel"
    }
