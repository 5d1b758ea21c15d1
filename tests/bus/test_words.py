"""Every code that may reach a person has a sentence, and no sentence has a code in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import gateway
from actors.order import rules
from bus.messages import moments, words
from bus.messages.cart import BlockCode
from bus.messages.order import CancelReason, OrderStatus
from bus.messages.shipping import ParcelStatus
from gateway import problems
from sandbox.carrier.api import DETAILS

# Source: Stripe, "Decline codes", and the codes of errors that go with them.
_CODES = """
    approve_with_id authentication_not_handled authentication_required call_issuer canceled card_not_supported
    card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card
    fraudulent generic_decline incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip
    insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year
    invalid_number invalid_pin issuer_not_available live_mode_test_card lost_card merchant_blacklist
    mobile_device_authentication_required new_account_information_available no_action_taken not_permitted
    offline_pin_required online_or_offline_pin_required payment_intent_authentication_failure pickup_card
    pin_try_exceeded previously_declined_do_not_retry processing_error reenter_transaction restricted_card
    revocation_of_all_authorizations revocation_of_authorization security_violation service_not_allowed stolen_card
    stop_payment_order testmode_decline transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
"""
STRIPES = _CODES.split()
SECRET = ("fraudulent", "lost_card", "stolen_card", "pickup_card", "merchant_blacklist", "security_violation")


def is_for_people(text: str, end: str = "") -> bool:
    return bool(text) and text[0].isupper() and text.endswith(end) and not re.search(r"_|[a-z][A-Z]|`", text)


def calls(folder: Path, function: str) -> Iterator[ast.Call]:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == function:
                yield node


def texts(nodes: list[ast.expr]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def problem_codes() -> set[str]:
    """All second arguments of `Problem`, those that a status gets, and those of blocks."""
    folder = Path(gateway.__file__).parent
    written = texts([call.args[1] for call in calls(folder, "Problem") if len(call.args) > 1])
    refused = texts([call.args[0] for call in calls(folder / "live", "LiveRefusal")]) & {"busy", "too_many_skus"}
    blocks = texts([word.value for call in calls(folder, "BlockView") for word in call.keywords if word.arg == "code"])
    return written | refused | blocks | set(problems._CODES.values()) | {"error", "bad_json"} | set(get_args(BlockCode))


def timeline_events() -> set[str]:
    """All that `note` is called with, what an order begins with, and what staff correct."""
    noted = texts([call.args[0] for call in calls(Path(rules.__file__).parent, "note") if call.args])
    return noted | {"OrderCreated", "OrderSettled", "BuyerCorrected"}


def test_every_code_has_its_sentence_and_none_is_left_over() -> None:
    assert problem_codes() == {*words.PROBLEMS}
    assert timeline_events() == {*words.EVENTS}
    assert set(get_args(OrderStatus)) == {*words.STATUSES}
    assert set(get_args(CancelReason)) == {*words.CANCELLED}
    assert set(get_args(ParcelStatus)) <= {*words.PARCELS}


@pytest.mark.parametrize("code", sorted({*words.PROBLEMS, "a_code_of_tomorrow"}))
def test_a_problem_is_a_sentence(code: str) -> None:
    assert is_for_people(words.problem(code), ".")
    assert problems.document(problems.Problem(409, code, "-"))["title"] == words.problem(code)


@pytest.mark.parametrize("code", [*STRIPES, "a_code_of_tomorrow", "", "Your card was declined."])
def test_a_declined_payment_is_a_sentence(code: str) -> None:
    for event in ("PaymentDeclined", "PaymentFailed"):
        assert is_for_people(moments.detail(event, code), ".")


def test_every_decline_code_of_the_table_is_one_of_stripes() -> None:
    assert {*words._BY_CODE} <= {*STRIPES}


@pytest.mark.parametrize("code", SECRET)
def test_whoever_pays_with_a_stolen_card_is_told_no_more_than_others(code: str) -> None:
    assert words.declined(code) == words.declined("generic_decline")


@pytest.mark.parametrize("reason", get_args(CancelReason))
def test_a_cancelled_order_says_why(reason: str) -> None:
    assert is_for_people(moments.detail("OrderCancelled", reason), ".")


@pytest.mark.parametrize("status", [*get_args(OrderStatus), "gift_wrapped"])
def test_a_status_is_words(status: str) -> None:
    assert is_for_people(words.status(status))


@pytest.mark.parametrize("event", [*sorted(timeline_events()), "OrderGiftWrapped"])
def test_an_event_is_words(event: str) -> None:
    assert is_for_people(words.event(event))


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("delivered", "Delivered"),
        ("in_transit: Left the depot", "On its way: Left the depot"),
        ("return_to_sender", "Return to sender"),
        ("available_for_pickup: Shop at 5: ring twice", "Available for pickup: Shop at 5: ring twice"),
    ],
)
def test_a_carriers_status_is_words_also_one_that_nobody_here_knows(stored: str, shown: str) -> None:
    assert moments.detail("ParcelMoved", stored) == shown


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("16.40 EUR", "€16.40"),
        ("€16.40", "€16.40"),
        ("1640 JPY", "¥1,640"),
        ("1.230 KWD for an exchange", "KWD 1.230 for an exchange"),
        ("-5.00 CHF", "-CHF 5.00"),
        ("16.4 EUR", "16.4 EUR"),
        ("Carrier 12 ABC", "Carrier 12 ABC"),
        ("", ""),
    ],
)
def test_amounts_of_earlier_versions_are_written_as_all_others(stored: str, shown: str) -> None:
    assert moments.detail("PaymentReceived", stored) == shown


@pytest.mark.parametrize(("code", "said"), sorted(DETAILS.items()))
def test_what_the_sandboxs_carrier_says_repeats_no_word_of_the_titles(code: str, said: str) -> None:
    """But for short ones, such as "on its way"."""
    title, _, rest = moments.detail("ParcelMoved", f"{code}: {said}").lower().partition(": ")

    assert not {word for word in title.split() if len(word) > 3} & set(rest.split())


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("Carrier SB1F", "SB1F"), ("Sandbox Post SB1F", "Sandbox Post SB1F"), ("Carriers Ltd 7", "Carriers Ltd 7")],
)
def test_a_carrier_without_a_name_is_not_named_twice(stored: str, shown: str) -> None:
    assert moments.detail("OrderShipped", stored) == shown
    assert moments.detail("ParcelMoved", "delivered: Delivered") == "Delivered"
