"""Every message as JSON, written down: a name, field or tag that changes by accident fails here.

What is stored or under way was written by yesterday's version, so a change of these files is a decision. New messages
and new fields (with a default) are fine; write them down with

    UPDATE_GOLDEN=1 python -m pytest tests/bus/test_golden.py
"""

import importlib
import os
import pkgutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

import bus.messages
from bus.codec import Codec, encode
from bus.routes import Routes
from engine.message import Message
from tests.samples import sample
from wiring.domains import ACTORS

GOLDEN = Path(__file__).parent / "golden"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
SHARED = {
    "amounts",
    "base",
    "colours",
    "currencies",
    "inputs",
    "moments",
    "sorting",
    "texts",
    "words",
}  # What messages are made of.
DOMAINS = sorted(module.name for module in pkgutil.iter_modules(bus.messages.__path__) if module.name not in SHARED)
HANDLED = Routes(ACTORS).message_types()


def messages_of(domain: str) -> dict[str, type[Message]]:
    """The messages of a domain by name: those that its file defines, and those that its actor alone knows."""
    module = importlib.import_module(f"bus.messages.{domain}")
    public = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Message) and kind.__module__ == module.__name__
    ]
    private = [kind for kind in HANDLED if kind.__module__ == f"actors.{domain}.private"]
    return {kind.__name__: kind for kind in sorted([*public, *private], key=lambda kind: kind.__name__)}


MESSAGES = [kind for domain in DOMAINS for kind in messages_of(domain).values()]


def golden_of(domain: str) -> dict[str, Any]:
    golden: dict[str, Any] = msgspec.json.decode((GOLDEN / f"{domain}.json").read_bytes())
    return golden


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_message_looks_as_it_is_written_down(domain: str) -> None:
    samples = {name: sample(kind) for name, kind in messages_of(domain).items()}
    now = {
        name: {"key": message.key, "json": msgspec.json.decode(encode(message))} for name, message in samples.items()
    }
    file = GOLDEN / f"{domain}.json"
    if UPDATE:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(now), indent=2) + b"\n")

    assert now == golden_of(domain)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_survives_the_journey(kind: type[Message]) -> None:
    message = sample(kind)
    assert Codec("anyone", [kind]).decode(kind.__name__, encode(message)) == message


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_is_written_down_can_still_be_read_and_has_its_key(domain: str) -> None:
    kinds = messages_of(domain)
    codec = Codec(domain, kinds.values())
    for name, golden in golden_of(domain).items():
        message = codec.decode(name, msgspec.json.encode(golden["json"]))
        assert type(message) is kinds[name]
        assert message.key == golden["key"]


def test_everything_that_is_handled_is_written_down() -> None:
    assert set(HANDLED) <= set(MESSAGES)


def test_no_two_messages_share_a_name() -> None:
    names = [kind.__name__ for kind in MESSAGES]
    assert len(names) == len(set(names))


def test_every_domain_has_its_file_and_no_other() -> None:
    assert sorted(file.stem for file in GOLDEN.glob("*.json")) == DOMAINS
