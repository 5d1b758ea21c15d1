"""An event in Stripe's list becomes the same message as its webhook: two translations, one meaning."""

import json

import pytest
import stripe

from actors.payment.stripe import _OBJECTION_TYPES
from actors.payment.stripe_objects import event_seen
from gateway.stripe_events import decode, read

DISPUTE = {
    "id": "du_1", "object": "dispute", "amount": 4490, "currency": "eur", "charge": "ch_1", "payment_intent": "pi_1",
    "reason": "fraudulent", "status": "needs_response", "metadata": {},
}  # fmt: skip
WARNING = {
    "id": "issfr_1", "object": "radar.early_fraud_warning", "charge": "ch_1", "payment_intent": "pi_1",
    "fraud_type": "made_with_stolen_card", "actionable": True,
}  # fmt: skip


@pytest.mark.parametrize("kind", _OBJECTION_TYPES)
@pytest.mark.parametrize("change", [{}, {"currency": "isk"}, {"reason": None, "amount": None}], ids=str)
def test_an_objection_reads_alike_from_its_webhook_and_from_stripes_list(
    kind: str, change: dict[str, str | None]
) -> None:
    of_type = DISPUTE if kind.startswith("charge.dispute.") else WARNING
    event = {
        "id": "evt_1", "object": "event", "type": kind, "created": 1893499200, "data": {"object": of_type | change},
    }  # fmt: skip

    webhook = decode(json.dumps(event).encode())

    assert webhook
    heard = read(webhook)
    assert heard
    assert event_seen(stripe.Event.construct_from(event, "sk_test")) == heard
