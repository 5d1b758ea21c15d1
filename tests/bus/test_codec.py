"""The codec refuses what it does not know with a sentence, and passes over fields of tomorrow."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.codec import Codec, encode
from bus.messages.cart import SetLine
from engine.errors import BadInput
from engine.message import Command, Message


class Add(Command[None]):
    key: str
    number: int = 0


class Remove(Command[None]):
    key: str


CODEC = Codec("toy", [Add, Remove])


@given(key=st.text(), number=st.integers(-(2**63), 2**63 - 1))
def test_what_was_encoded_is_decoded(key: str, number: int) -> None:
    add = Add(key=key, number=number)
    assert CODEC.decode("Add", encode(add)) == add


def test_json_begins_with_the_type() -> None:
    assert encode(Add(key="k", number=1)) == '{"type":"Add","key":"k","number":1}'


def test_an_unknown_field_is_passed_over_and_a_missing_one_has_its_default() -> None:
    assert CODEC.decode("Add", '{"type":"Add","key":"k","colour":"red"}') == Add(key="k")


def test_a_codec_of_one_message_reads_it() -> None:
    assert Codec("toy", [Add]).decode("Add", encode(Add(key="k"))) == Add(key="k")
    with pytest.raises(BadInput):
        Codec("toy", [Add]).decode("Add", '{"type":"Remove","key":"k"}')


NO_INT = "toy can't read this Add: Expected `int`, got `float` - at `$.number`"


@pytest.mark.parametrize(
    ("type_name", "body", "sentence"),
    [
        ("Drop", '{"type":"Drop"}', "toy does not know the message 'Drop'"),
        ("Add", '{"type":"Drop"}', "toy can't read this Add: Invalid value 'Drop' - at `$.type`"),
        ("Add", '{"type":"Remove","key":"k"}', "toy can't read this Add: it says that it is a Remove"),
        ("Add", '{"key":"k"}', "toy can't read this Add: Object missing required field `type`"),
        ("Add", '{"type":"Add"}', "toy can't read this Add: Object missing required field `key`"),
        ("Add", '{"type":"Add","key":7}', "toy can't read this Add: Expected `str`, got `int` - at `$.key`"),
        ("Add", '{"type":"Add","key":"","number":1.5}', NO_INT),
        ("Add", "[]", "toy can't read this Add: Expected `object`, got `array`"),
        ("Add", "", "toy can't read this Add: Input data was truncated"),
        ("Add", b"\xff", "toy can't read this Add: JSON is malformed: invalid character (byte 0)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(type_name: str, body: str | bytes, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        CODEC.decode(type_name, body)

    assert str(refused.value) == sentence


@given(body=st.binary(max_size=60))
def test_bytes_of_strangers_are_read_or_refused(body: bytes) -> None:
    with suppress(BadInput):
        assert isinstance(CODEC.decode("Add", body), Message)


def test_a_message_of_the_shop_keeps_to_its_bounds() -> None:
    codec = Codec("cart", [SetLine])
    line = SetLine(cart_id="c", sku="MUG", quantity=99)
    body = encode(line)

    assert codec.decode("SetLine", body) == line
    with pytest.raises(BadInput, match="Expected `int` <= 99"):
        codec.decode("SetLine", body.replace("99", "100"))
