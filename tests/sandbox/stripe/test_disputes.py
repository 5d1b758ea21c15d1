"""Buyers' banks that object: disputes, inquiries and early fraud warnings."""

from typing import get_args

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from sandbox.stripe import disputes as rules
from sandbox.stripe.dispute_objects import DisputeStatus
from sandbox.stripe.disputes import ENDS, NEXT, REFUNDABLE, Step
from sandbox.stripe.errors import StripeError
from sandbox.stripe.methods import METHODS, charged
from sandbox.stripe.objects import Charge
from tests.sandbox.world import World, open_world

OPENED, WITHDRAWN = "charge.dispute.created", "charge.dispute.funds_withdrawn"
UPDATED, CLOSED, REINSTATED = "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"
WARNED = "radar.early_fraud_warning.created"


def disputes_told(world: World) -> list[str]:
    return [event.type for event in world.sandbox.events() if event.type.startswith("charge.dispute.")]


async def refund(world: World, intent_id: str) -> str:
    """How Stripe answers: the refund's status, or the code of its refusal."""
    try:
        return (await world.refunds.create_async({"payment_intent": intent_id})).status or ""
    except stripe.InvalidRequestError as refused:
        return refused.code or ""


def test_every_dispute_ends_and_an_end_is_one() -> None:
    statuses: tuple[DisputeStatus, ...] = get_args(DisputeStatus)
    steps: tuple[Step, ...] = get_args(Step)
    for status in statuses:
        ways = {NEXT[status, step] for step in steps if (status, step) in NEXT}
        assert (not ways) == (status in ENDS)
        assert status in ENDS or ways & ENDS
    assert {status for status in statuses if status not in REFUNDABLE} == {"needs_response", "under_review", "lost"}


CHARGE = Charge(
    id="ch_1",
    amount=1000,
    amount_captured=1000,
    captured=True,
    created=0,
    currency="eur",
    metadata={},
    paid=True,
    payment_intent="pi_1",
    payment_method="pm_card_visa",
    payment_method_details=charged(METHODS["pm_card_visa"], 1000),
    status="succeeded",
)


@given(st.booleans(), st.integers(1, 1000), st.lists(st.sampled_from(get_args(Step)), max_size=8))
def test_the_bank_has_the_money_exactly_while_it_may_not_be_refunded(
    inquiry: bool, amount: int, steps: list[Step]
) -> None:
    dispute = rules.open_dispute(
        CHARGE, [], dispute_id="du_1", transaction_id="txn_0", amount=amount, reason="general", inquiry=inquiry, now=0
    ).dispute
    for number, step in enumerate(steps):
        if (dispute.status, step) not in NEXT:
            with pytest.raises(StripeError):
                rules.decide(dispute, step, "txn", number)
            continue
        dispute = rules.decide(dispute, step, f"txn_{number}", number).dispute

        taken = -sum(moved.amount for moved in dispute.balance_transactions)
        assert taken == (0 if dispute.status in REFUNDABLE else amount)
        assert dispute.is_charge_refundable == (dispute.status in REFUNDABLE)
        assert len(dispute.balance_transactions) <= 2


async def test_a_dispute_takes_the_money_until_it_is_won() -> None:
    async with open_world() as world:
        paid = await world.paid(1999)

        opened = world.sandbox.stripe.open_dispute(paid.id)

        assert opened.id.startswith("du_")
        assert (opened.amount, opened.reason, opened.status) == (1999, "fraudulent", "needs_response")
        assert (opened.is_charge_refundable, opened.payment_intent) == (False, paid.id)
        assert [moved.net for moved in opened.balance_transactions] == [-1999 - 1500]
        assert disputes_told(world) == [OPENED, WITHDRAWN]
        assert world.sandbox.charges()[0].disputed
        assert await refund(world, paid.id) == "charge_disputed"
        won = world.sandbox.stripe.close_dispute(opened.id, won=True)
        assert (won.status, won.is_charge_refundable) == ("won", True)
        assert [moved.amount for moved in won.balance_transactions] == [-1999, 1999]
        assert disputes_told(world) == [OPENED, WITHDRAWN, CLOSED, REINSTATED]
        assert await refund(world, paid.id) == "succeeded"


async def test_a_lost_dispute_is_for_good() -> None:
    async with open_world() as world:
        paid = await world.paid()
        opened = world.sandbox.stripe.open_dispute(paid.id, 500, "product_not_received")

        lost = world.sandbox.stripe.close_dispute(opened.id, won=False)

        assert (lost.amount, lost.status) == (500, "lost")
        assert disputes_told(world) == [OPENED, WITHDRAWN, CLOSED]
        assert await refund(world, paid.id) == "charge_disputed"
        for won in (True, False):
            with pytest.raises(StripeError, match="already closed"):
                world.sandbox.stripe.close_dispute(opened.id, won=won)


async def test_an_inquiry_moves_no_money_unless_it_becomes_a_dispute() -> None:
    async with open_world() as world:
        asked, pressed = await world.paid(), await world.paid()
        first = world.sandbox.stripe.open_dispute(asked.id, inquiry=True)
        assert (first.status, first.is_charge_refundable) == ("warning_needs_response", True)
        assert first.balance_transactions == []
        assert await refund(world, asked.id) == "succeeded"
        assert world.sandbox.stripe.close_dispute(first.id, won=False).status == "warning_closed"
        assert disputes_told(world) == [OPENED, CLOSED]

        second = world.sandbox.stripe.open_dispute(pressed.id, inquiry=True)
        escalated = world.sandbox.stripe.escalate_dispute(second.id)

        assert (escalated.status, len(escalated.balance_transactions)) == ("needs_response", 1)
        assert escalated.payment_method_details is not UNSET
        assert escalated.payment_method_details.card.case_type == "chargeback"
        assert disputes_told(world)[2:] == [OPENED, UPDATED, WITHDRAWN]
        assert await refund(world, pressed.id) == "charge_disputed"


@pytest.mark.parametrize(
    ("text", "status", "events"),
    [
        ("we have sent it", "under_review", [UPDATED]),
        ("winning_evidence", "won", [UPDATED, CLOSED, REINSTATED]),
        ("losing_evidence", "lost", [UPDATED, CLOSED]),
    ],
)
async def test_the_shop_answers_with_evidence(text: str, status: str, events: list[str]) -> None:
    async with open_world() as world:
        opened = world.sandbox.stripe.open_dispute((await world.paid()).id)
        disputes = world.client.v1.disputes
        staged = await disputes.update_async(opened.id, {"evidence": {"customer_name": "Ada"}, "submit": False})
        assert (staged.status, staged.evidence_details.submission_count) == ("needs_response", 0)

        answered = await disputes.update_async(
            opened.id, {"evidence": {"uncategorized_text": text}, "metadata": {"by": "staff"}}
        )

        assert (answered.status, answered.metadata["by"]) == (status, "staff")
        assert (answered.evidence.customer_name, answered.evidence.uncategorized_text) == ("Ada", text)
        assert (answered.evidence_details.has_evidence, answered.evidence_details.submission_count) == (True, 1)
        assert disputes_told(world)[3:] == events


async def test_the_shop_gives_in() -> None:
    async with open_world() as world:
        opened = world.sandbox.stripe.open_dispute((await world.paid()).id)
        assert (await world.client.v1.disputes.close_async(opened.id)).status == "lost"
        with pytest.raises(stripe.InvalidRequestError, match="already closed"):
            await world.client.v1.disputes.close_async(opened.id)


async def test_disputes_are_read_and_listed_by_payment_charge_and_time() -> None:
    async with open_world() as world:
        opened = []
        for _ in range(3):
            opened.append(world.sandbox.stripe.open_dispute((await world.paid()).id))
            await world.pass_time(10)
        disputes = world.client.v1.disputes
        last, first = opened[2], opened[0]

        read = await disputes.retrieve_async(first.id, {"expand": ["charge", "payment_intent"]})
        lists: list[stripe.params.DisputeListParams] = [
            {"charge": first.charge},
            {"payment_intent": first.payment_intent or ""},
            {"created": {"lt": opened[1].created}},
            {"starting_after": opened[1].id},
        ]

        assert isinstance(read.charge, stripe.Charge)
        assert read.charge.disputed
        for params in lists:
            assert [item.id for item in (await disputes.list_async(params)).data] == [first.id], params
        page = await disputes.list_async({"limit": 1})
        assert ([item.id for item in page.data], page.has_more) == ([last.id], True)


async def test_what_nobody_can_dispute() -> None:
    async with open_world() as world:
        made, paid = await world.intent(), await world.paid(1000)
        stripe_ = world.sandbox.stripe
        with pytest.raises(StripeError):
            stripe_.open_dispute(made.id)
        with pytest.raises(StripeError):
            stripe_.open_dispute(paid.id, 1001)
        stripe_.open_dispute(paid.id)
        with pytest.raises(StripeError):  # Another one is open.
            stripe_.open_dispute(paid.id)
        assert len(world.sandbox.disputes()) == 1


@pytest.mark.parametrize(
    ("card", "reason", "status"),
    [
        ("pm_card_createDispute", "fraudulent", "needs_response"),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "needs_response"),
        ("pm_card_createDisputeInquiry", "fraudulent", "warning_needs_response"),
    ],
)
async def test_a_test_card_disputes_by_itself(card: str, reason: str, status: str) -> None:
    async with open_world() as world:
        paid = await world.paid(method=card)
        (dispute,) = world.sandbox.disputes()
        assert (paid.status, dispute.payment_intent) == ("succeeded", paid.id)
        assert (dispute.reason, dispute.status) == (reason, status)
        types = [event.type for event in world.sandbox.events()]
        assert types[1:3] == ["charge.succeeded", OPENED]
        assert types[-1] == "payment_intent.succeeded"


async def test_over_http_disputes_open_and_close() -> None:
    async with open_world() as world:
        paid, inquired = await world.paid(), await world.paid()
        async with world.http.post(f"/sandbox/charges/{paid.id}/dispute", json={"amount": 700}) as answer:
            opened = await answer.json()
        body = {"inquiry": True, "reason": "unrecognized"}
        async with world.http.post(f"/sandbox/charges/{inquired.id}/dispute", json=body) as answer:
            inquiry = await answer.json()
        async with world.http.post(f"/sandbox/disputes/{inquiry['id']}/escalate") as answer:
            assert (await answer.json())["status"] == "needs_response"
        async with world.http.post(f"/sandbox/disputes/{opened['id']}/close") as answer:
            assert answer.status == 422
        async with world.http.post(f"/sandbox/disputes/{opened['id']}/close", json={"won": True}) as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, "won")
        async with world.http.post(f"/sandbox/disputes/{opened['id']}/close", json={"won": True}) as answer:
            assert answer.status == 400
        assert (opened["amount"], inquiry["reason"]) == (700, "unrecognized")


# --- Early fraud warnings ---


async def test_a_warning_is_told_and_stops_being_actionable() -> None:
    async with open_world() as world:
        refunded, disputed = await world.paid(method="pm_card_createIssuerFraudRecord"), await world.paid()
        async with world.http.post(f"/sandbox/charges/{disputed.id}/warn", json={"fraud_type": "misc"}) as answer:
            assert (answer.status, (await answer.json())["fraud_type"]) == (200, "misc")
        first, second = world.sandbox.early_fraud_warnings()
        assert (first.payment_intent, first.actionable, second.actionable) == (refunded.id, True, True)
        assert first.id.startswith("issfr_")
        assert [event.type for event in world.sandbox.events()].count(WARNED) == 2
        warnings = world.client.v1.radar.early_fraud_warnings
        assert [item.id for item in (await warnings.list_async({"charge": first.charge})).data] == [first.id]
        assert [item.id for item in (await warnings.list_async({"payment_intent": disputed.id})).data] == [second.id]

        await world.refunds.create_async({"payment_intent": refunded.id, "amount": 1})
        assert (await warnings.retrieve_async(first.id)).actionable
        await world.refunds.create_async({"payment_intent": refunded.id})
        world.sandbox.stripe.open_dispute(disputed.id)

        assert [warning.actionable for warning in world.sandbox.early_fraud_warnings()] == [False, False]
        assert [event.type for event in world.sandbox.events()].count("radar.early_fraud_warning.updated") == 2


async def test_nobody_warns_of_what_was_not_paid() -> None:
    async with open_world() as world:
        made = await world.intent()
        with pytest.raises(StripeError):
            world.sandbox.stripe.warn_of_fraud(made.id)
        assert world.sandbox.early_fraud_warnings() == []
