"""Objects as Stripe's API reference has them: the fields that are always there, and which of them are null.

The lists are written by hand from the reference ("The PaymentIntent object", "The Charge object" ...), not read from
the sandbox: a field that goes missing here is one that a shop would miss only with the real Stripe.
"""

import json

import msgspec
import pytest
import stripe

from sandbox import SandboxConfig
from sandbox.stripe.objects import Charge, PaymentIntent, Refund
from tests.sandbox.world import SECRET_KEY, World, open_world

PAYMENT_INTENT = set(
    """
    id object amount amount_capturable amount_details amount_received application application_fee_amount
    automatic_payment_methods canceled_at cancellation_reason capture_method client_secret confirmation_method
    created currency customer customer_account description excluded_payment_method_types last_payment_error
    latest_charge livemode metadata next_action on_behalf_of payment_method
    payment_method_configuration_details payment_method_options payment_method_types processing receipt_email
    review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix status
    transfer_data transfer_group
    """.split()  # noqa: SIM905 - to be compared with the reference by eye
)
CHARGE = set(
    """
    id object amount amount_captured amount_refunded application application_fee application_fee_amount
    balance_transaction billing_details calculated_statement_descriptor captured created currency customer
    description disputed failure_balance_transaction failure_code failure_message fraud_details livemode
    metadata on_behalf_of outcome paid payment_intent payment_method payment_method_details radar_options
    receipt_email receipt_number receipt_url refunded review shipping source source_transfer
    statement_descriptor statement_descriptor_suffix status transfer_data transfer_group
    """.split()  # noqa: SIM905
)
REFUND = set(
    """
    id object amount balance_transaction charge created currency destination_details metadata payment_intent
    reason receipt_number source_transfer_reversal status transfer_reversal
    """.split()  # noqa: SIM905
)
DISPUTE = set(
    """
    id object amount balance_transactions charge created currency enhanced_eligibility_types evidence
    evidence_details is_charge_refundable livemode metadata payment_intent payment_method_details reason
    status
    """.split()  # noqa: SIM905
)
WARNING = {"id", "object", "actionable", "charge", "created", "fraud_type", "livemode", "payment_intent"}
EVENT = {"id", "object", "api_version", "created", "data", "livemode", "pending_webhooks", "request", "type"}
EVIDENCE = set(
    """
    access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
    cancellation_rebuttal customer_communication customer_email_address customer_name customer_purchase_ip
    customer_signature duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id
    enhanced_evidence product_description receipt refund_policy refund_policy_disclosure
    refund_refusal_explanation service_date service_documentation shipping_address shipping_carrier
    shipping_date shipping_documentation shipping_tracking_number uncategorized_file uncategorized_text
    """.split()  # noqa: SIM905
)
# What a card payment of a shop without customers, platforms and reviews leaves null.
NULL_IN_INTENT = set(
    """
    application application_fee_amount canceled_at cancellation_reason customer customer_account description
    excluded_payment_method_types last_payment_error next_action on_behalf_of
    payment_method_configuration_details processing receipt_email review setup_future_usage shipping source
    statement_descriptor statement_descriptor_suffix transfer_data transfer_group
    """.split()  # noqa: SIM905
)
NULL_IN_CHARGE = set(
    """
    application application_fee application_fee_amount balance_transaction calculated_statement_descriptor
    customer description failure_balance_transaction failure_code failure_message on_behalf_of receipt_email
    receipt_number receipt_url review shipping source source_transfer statement_descriptor
    statement_descriptor_suffix transfer_data transfer_group
    """.split()  # noqa: SIM905
)

Fields = dict[str, object]


async def get(world: World, path: str) -> Fields:
    async with world.http.get(path, headers={"Authorization": f"Bearer {SECRET_KEY}"}) as answer:
        assert answer.status == 200, path
        fields: Fields = await answer.json()
        return fields


def nulls(fields: Fields) -> set[str]:
    return {name for name, value in fields.items() if value is None}


async def test_what_was_paid() -> None:
    async with open_world() as world:
        paid = await world.paid()
        intent = await get(world, f"/v1/payment_intents/{paid.id}")
        charge = await get(world, f"/v1/charges/{paid.latest_charge}")

        assert set(intent) - {"allowed_payment_method_types"} == PAYMENT_INTENT
        assert nulls(intent) - {"allowed_payment_method_types"} == NULL_IN_INTENT
        assert set(charge) == CHARGE
        assert nulls(charge) == NULL_IN_CHARGE


async def test_what_was_given_back() -> None:
    async with open_world() as world:
        card, debit = await world.paid(), await world.paid(method="pm_success_de")
        world.sandbox.stripe.settle(debit.id, succeeded=True)
        for paid, unknown in ((card, set[str]()), (debit, {"destination_details"})):
            given = world.sandbox.stripe.refund_in_dashboard(paid.id)
            refund = await get(world, f"/v1/refunds/{given.id}")
            assert set(refund) == REFUND
            assert nulls(refund) == {
                "balance_transaction", "reason", "receipt_number", "source_transfer_reversal", "transfer_reversal",
            } | unknown  # fmt: skip


async def test_what_is_disputed() -> None:
    async with open_world() as world:
        paid = await world.paid()
        opened = world.sandbox.stripe.open_dispute(paid.id)
        warned = world.sandbox.stripe.warn_of_fraud(paid.id)
        dispute = await get(world, f"/v1/disputes/{opened.id}")
        warning = await get(world, f"/v1/radar/early_fraud_warnings/{warned.id}")

        assert set(dispute) - {"network_reason_code"} == DISPUTE
        evidence, details = dispute["evidence"], dispute["evidence_details"]
        assert isinstance(evidence, dict)
        assert isinstance(details, dict)
        assert set(evidence) == EVIDENCE
        assert nulls(evidence) == EVIDENCE - {"enhanced_evidence"}
        assert {"due_by", "enhanced_eligibility", "has_evidence", "past_due", "submission_count"} <= set(details)
        assert set(warning) == WARNING


@pytest.mark.parametrize("method", ["pm_card_chargeDeclinedExpiredCard", "pm_failed_de"])
async def test_a_failure_without_a_banks_word_says_null(method: str) -> None:
    types = frozenset({"payment_intent.payment_failed", "charge.failed"})
    async with open_world(SandboxConfig(webhook_types=types)) as world:
        made = await world.intent()
        try:
            await world.intents.confirm_async(made.id, {"payment_method": method})
            world.sandbox.stripe.settle(made.id, succeeded=False)
        except stripe.CardError:
            pass

        events = [json.loads(webhook.body) for webhook in await world.shop.wait(2)]

        failed, told = sorted(events, key=lambda event: str(event["type"]))
        assert (failed["type"], told["type"]) == ("charge.failed", "payment_intent.payment_failed")
        problem = told["data"]["object"]["last_payment_error"]
        assert set(problem) == {"type", "message", "charge", "code", "decline_code", "doc_url", "payment_method"}
        assert problem["decline_code"] is None
        assert problem["payment_method"]["object"] == "payment_method"
        assert set(failed["data"]["object"]) == CHARGE
        assert set(told["data"]["object"]) - {"allowed_payment_method_types"} == PAYMENT_INTENT


async def test_what_began_at_a_bank_came_from_no_call() -> None:
    async with open_world() as world:
        paid = await world.paid()
        world.sandbox.stripe.open_dispute(paid.id)
        listed = await get(world, "/v1/events?limit=1")
        data = listed["data"]
        assert isinstance(data, list)
        (event,) = data
        assert set(event) == EVENT
        assert event["request"] == {"id": None, "idempotency_key": None}
        assert set(event["data"]["object"]) - {"network_reason_code"} == DISPUTE


async def test_stripes_library_reads_them_all() -> None:
    async with open_world() as world:
        paid = await world.paid(method="pm_card_createDispute")
        world.sandbox.stripe.warn_of_fraud(paid.id)
        kinds = {event.data.object["object"] for event in (await world.client.v1.events.list_async()).data}
        assert kinds == {"payment_intent", "charge", "dispute", "radar.early_fraud_warning"}


def test_what_yesterdays_sandbox_kept_is_still_read() -> None:
    """A data folder lives longer than the sandbox that made it."""
    intent = msgspec.json.decode(
        b"""{"id":"pi_3a","object":"payment_intent","amount":1999,"automatic_payment_methods":null,"canceled_at":null,
        "cancellation_reason":null,"capture_method":"automatic_async","client_secret":"pi_3a_secret_b",
        "confirmation_method":"automatic","created":1,"currency":"eur","description":null,"last_payment_error":
        {"type":"card_error","message":"No.","code":"card_declined","payment_method":{"id":"pm_card_visa","object":
        "payment_method","type":"card"}},"livemode":false,"next_action":null,"payment_method":null,
        "payment_method_types":["card"],"receipt_email":null,"setup_future_usage":null,"shipping":null,
        "status":"requires_payment_method","amount_capturable":0,"amount_received":0,"customer":null,
        "latest_charge":"ch_3a","metadata":{},"statement_descriptor_suffix":null}""",
        type=PaymentIntent,
    )
    charge = msgspec.json.decode(
        b"""{"id":"ch_3a","object":"charge","amount":1999,"amount_captured":0,"amount_refunded":0,"captured":false,
        "created":1,"currency":"eur","customer":null,"description":null,"disputed":false,"failure_code":"card_declined",
        "failure_message":"No.","livemode":false,"metadata":{},"paid":false,"payment_intent":"pi_3a","payment_method":
        "pm_card_visa","payment_method_details":{"card":{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2034,
        "funding":"credit"},"type":"card"},"receipt_email":null,"refunded":false,"status":"failed"}""",
        type=Charge,
    )
    refund = msgspec.json.decode(
        b"""{"id":"re_3a","object":"refund","amount":1,"charge":"ch_3a","created":1,"currency":"eur",
        "failure_reason":null,"metadata":{},"payment_intent":"pi_3a","reason":null,"receipt_number":null,
        "status":"succeeded"}""",
        type=Refund,
    )
    assert set(msgspec.to_builtins(intent)) >= PAYMENT_INTENT
    assert set(msgspec.to_builtins(charge)) == CHARGE
    assert set(msgspec.to_builtins(refund)) >= REFUND
