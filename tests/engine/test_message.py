"""Messages: frozen, keyword-only, tagged with their name, keyed by their first field."""

import msgspec
import pytest

from engine.message import Command, Event, Reply, reply_type


class Done(Reply):
    n: int


class Do(Command[Done | None]):
    sku: str
    n: int = 0


class Count(Command[int]):
    limit: int
    sku: str = "x"


class Nothing(Event):
    pass


def test_the_key_is_the_first_field_if_it_is_text() -> None:
    assert Do(sku="LAMP").key == "LAMP"
    assert Count(limit=3).key == ""
    assert Nothing().key == ""


def test_messages_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Do(sku="LAMP").n = 2  # type: ignore[misc]


def test_messages_are_made_by_keyword_only() -> None:
    with pytest.raises(TypeError):
        Do("LAMP")  # type: ignore[call-arg]


def test_json_carries_the_name_of_the_type() -> None:
    assert msgspec.json.encode(Do(sku="LAMP", n=1)) == b'{"type":"Do","sku":"LAMP","n":1}'


def test_the_reply_type_is_what_the_command_says() -> None:
    assert reply_type(Do) == Done | None
    assert reply_type(Count) is int


def test_a_command_that_does_not_say_its_reply_is_refused() -> None:
    class Silent(Command):  # type: ignore[type-arg]
        pass

    with pytest.raises(TypeError, match=r"Silent must say what it is answered with: class Silent\(Command\[\.\.\.\]\)"):
        reply_type(Silent)


def test_equal_messages_are_equal() -> None:
    assert Do(sku="LAMP") == Do(sku="LAMP")
    assert Do(sku="LAMP") != Do(sku="CUP")
