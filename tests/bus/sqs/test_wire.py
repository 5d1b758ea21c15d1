"""How messages look on SQS."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.sqs.wire import FailedElsewhere, WireMessage, answer_body, from_message, read_answer, to_entry
from engine.errors import BadInput, Conflict, Crashed, Overloaded, Unavailable

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
WHOLE = WireMessage(
    id="a1-7",
    type="HoldStock",
    body='{"type":"HoldStock"}',
    key="cart_1",
    cause="a1-6",
    trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    delivery_id=12,
    reply_to="shop-replies-b2",
    expires_at=NOON,
    again=2,
    stored_in="shop/HoldStock/12",
)


def received(letter: WireMessage) -> Any:
    """The entry, as SQS hands it out."""
    entry = to_entry(letter, 0, is_fifo=True)
    return {"Body": entry["MessageBody"], "MessageAttributes": entry["MessageAttributes"]}


def letter(**fields: Any) -> WireMessage:
    return WireMessage(**{"id": "a1-7", "type": "Rang", "body": "{}"} | fields)


@pytest.mark.parametrize("sent", [WHOLE, letter()], ids=["whole", "bare"])
def test_a_letter_comes_back_as_it_was(sent: WireMessage) -> None:
    assert from_message(received(sent), "shop") == sent


def test_attributes_are_ten_at_most_and_never_empty() -> None:
    whole = to_entry(WHOLE, 0, is_fifo=True)["MessageAttributes"]

    assert len(whole) <= 10
    assert set(to_entry(letter(), 0, is_fifo=True)["MessageAttributes"]) == {"id", "type"}
    assert all(value["StringValue"] for value in whole.values())


@given(st.text())
def test_any_key_makes_a_group_that_sqs_takes(key: str) -> None:
    group = letter(key=key).group

    assert 1 <= len(group) <= 128
    assert group.isascii()
    assert group.isprintable()
    assert " " not in group


def test_a_message_without_a_key_is_in_nobodys_way() -> None:
    assert letter(id="a1-7").group != letter(id="a1-8").group


def test_what_is_sent_twice_has_one_deduplication_id_until_people_let_it_be_tried_again() -> None:
    first, same, other = letter(delivery_id=7), letter(id="other", delivery_id=7), letter(delivery_id=8)

    assert first.deduplication_id == same.deduplication_id != other.deduplication_id
    assert msgspec.structs.replace(first, again=1).deduplication_id != first.deduplication_id


def test_characters_that_sqs_refuses_are_escaped() -> None:
    words = "\ufffe \uffff"
    body = msgspec.json.encode({"what": words}).decode()

    read = from_message(received(letter(body=body)), "shop")

    assert not set(words) & set(read.body) - {" "}
    assert msgspec.json.decode(read.body) == {"what": words}


@pytest.mark.parametrize("attributes", [{}, {"id": "a", "type": "Rang", "delivery_id": "x"}])
def test_what_is_no_letter_is_refused(attributes: dict[str, str]) -> None:
    message: Any = {
        "Body": "{}",
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    }

    with pytest.raises(BadInput, match="no message of ShopFlow"):
        from_message(message, "shop")


@pytest.mark.parametrize(
    "forged",
    [
        {"reply_to": "theirs-replies-1"},
        {"reply_to": "shop-order.fifo"},
        {"reply_to": "shop-replies-1\n"},
        {"reply_to": "https://sqs.example/1/shop-replies-1"},
        {"stored_in": "theirs/Rang/1"},
        {"stored_in": "shop"},
        {"stored_in": "shop-theirs/Rang/1"},
        {"stored_in": "/shop/Rang/1"},
    ],
    ids=str,
)
def test_answers_go_to_the_shops_own_queues_and_bodies_come_from_its_own_place(forged: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="not the shop's"):
        from_message(received(msgspec.structs.replace(letter(), **forged)), "shop")


def test_what_the_shop_itself_sends_is_believed() -> None:
    sent = letter(reply_to="shop-replies-0a1b2c", stored_in="shop/Rang/1")

    assert from_message(received(sent), "shop") == sent


@pytest.mark.parametrize("reply", ["text", None, 7])
def test_an_answer_comes_back_as_it_was(reply: object) -> None:
    assert read_answer(answer_body(reply), msgspec.json.Decoder(type(reply))) == reply


@pytest.mark.parametrize(
    ("error", "is_read_as"),
    [
        (BadInput("no such cart"), BadInput),
        (Conflict("somebody was faster"), Conflict),
        (Unavailable("Stripe", "it is down", retry_after_s=3.5), Unavailable),
        (Overloaded("inventory"), Overloaded),
        (Crashed("inventory", RuntimeError("a bug")), Unavailable),
        (KeyError("a bug"), FailedElsewhere),
    ],
    ids=repr,
)
def test_an_error_comes_back_as_one_that_is_caught_alike(error: Exception, is_read_as: type[Exception]) -> None:
    read = read_answer(answer_body(error), msgspec.json.Decoder(str))

    assert type(read) is is_read_as
    assert getattr(read, "retry_after_s", None) == getattr(error, "retry_after_s", None)
    assert str(error).strip("'") in str(read)


def test_an_answer_of_another_version_is_an_error_and_no_guess() -> None:
    with pytest.raises(msgspec.DecodeError):
        read_answer(answer_body("text"), msgspec.json.Decoder(int))
