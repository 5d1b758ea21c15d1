"""Stripe's events as messages: the type decides first, null is absent, and other accounts' events do not count."""

import json

import msgspec
import pytest

from actors.payment.rules import _BY_TYPE
from gateway.stripe_events import INTENT_OF, OwnAccount, decode, read
from tests.stripe_types import EVENT_TYPES, Json, event_of, subject_of, subjects_of

OURS = [kind for kind in EVENT_TYPES if kind.startswith(tuple(INTENT_OF))]


def body(event: object) -> bytes:
    return json.dumps(event).encode()


def test_stripes_library_knows_every_type_that_the_shop_handles() -> None:
    assert set(_BY_TYPE) <= set(OURS)
    assert len(EVENT_TYPES) > 250
    assert not [kind for kind in _BY_TYPE if "id" not in subject_of(kind)]


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_every_event_of_stripes_can_be_read_with_each_nullable_field_null(kind: str) -> None:
    for subject in [{}, *subjects_of(kind)]:
        event = decode(body(event_of(kind, subject)))

        assert (event is not None) == (kind in OURS)
        if event is not None:
            read(event)


@pytest.mark.parametrize("kind", _BY_TYPE)
def test_what_the_shop_needs_is_read_though_all_else_is_null(kind: str) -> None:
    subject = subject_of(kind)
    named = {"id": "pi_1"} if kind.startswith("payment_intent.") else {"id": "obj_1", "payment_intent": "pi_1"}

    event = decode(body(event_of(kind, subject | named)))
    assert event
    seen = read(event)

    assert seen
    assert (seen.intent_id, seen.event.type, seen.event.id) == ("pi_1", kind, f"evt_{kind}")


@pytest.mark.parametrize(
    "failure", [None, {}, {"decline_code": None}, {"decline_code": None, "message": None}], ids=str
)
def test_a_refusal_without_a_reason_is_a_refusal(failure: Json | None) -> None:
    subject = {"id": "pi_1", "amount": 100, "currency": "eur", "last_payment_error": failure, "metadata": None}

    event = decode(body(event_of("payment_intent.payment_failed", subject)))
    assert event
    seen = read(event)

    assert seen
    assert seen.event.reason == ""


@pytest.mark.parametrize("kind", ["customer.created", "account.updated", "v1.charge.refunded", "ping", ""])
def test_an_event_of_no_interest_may_contain_anything(kind: str) -> None:
    for rest in (
        {}, {"id": None}, {"created": "today"}, {"data": None}, {"data": {"object": None}}, {"data": [1]},
        {"livemode": "no"}, {"account": 5}, {"data": {"object": {"id": 7, "amount": "much", "metadata": []}}},
    ):  # fmt: skip
        assert decode(body({"type": kind, **rest})) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"null", b'"x"', b"{}", b'{"type": null}', b'{"type": 1}', b"\xff", b'{"type": "ping"',
        body(event_of("refund.created", {"amount": "much"})), body(event_of("refund.created", {"amount": 2**63})),
        body(event_of("refund.created", {}, created=-1)), body(event_of("refund.created", {}, created=10**15)),
        body(event_of("refund.created", {}, id=None)), body(event_of("refund.created", {}, data=None)),
    ],
)  # fmt: skip
def test_what_is_no_event_or_not_as_stripe_writes_it_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(raw)


@pytest.mark.parametrize(
    ("account", "changes", "refused"),
    [
        (OwnAccount(is_live=True), {"livemode": True}, ""),
        (OwnAccount(is_live=True), {"livemode": False}, "it is a test"),
        (OwnAccount(is_live=False), {"livemode": True}, "it is live, and the shop's key is for tests"),
        (OwnAccount(is_live=True), {"livemode": None}, ""),
        (OwnAccount(is_live=None), {"livemode": True}, ""),
        (OwnAccount(), {"account": "acct_1"}, "it is of the connected account acct_1"),
        (OwnAccount(id="acct_1"), {"account": "acct_1"}, ""),
        (OwnAccount(id="acct_1"), {"account": "acct_2"}, "it is of the connected account acct_2"),
        (OwnAccount(id="acct_1"), {"context": "acct_2"}, "it is of the account acct_2"),
        (OwnAccount(id="acct_1"), {"context": "acct_2/acct_1"}, ""),
        (OwnAccount(id="acct_1"), {"context": ""}, ""),
        (OwnAccount(), {"context": "acct_2"}, ""),
    ],
)
def test_only_events_of_the_shops_own_account_and_mode_count(account: OwnAccount, changes: Json, refused: str) -> None:
    event = decode(body(event_of("payment_intent.succeeded", {"id": "pi_1"}, **changes)))

    assert event
    assert account.refusal(event) == refused
