"""Bodies that name persons are read by the shop's processes alone."""

from datetime import timedelta

import msgspec
import pytest

from bus.codec import encode
from bus.messages.cart import Checkout
from bus.messages.order import AuditOrders, GetOrder, PlaceOrder
from bus.messages.shipping import RecordTracking
from bus.routes import Routes
from bus.sqs.client import Sqs
from bus.sqs.sealed_bodies import SealedBodies
from bus.sqs.settings import SqsSettings
from bus.sqs.transport import SqsTransport
from engine.clock import ManualClock
from engine.errors import BadInput
from engine.message import Command
from engine.roots import Roots
from tests.samples import sample
from wiring.domains import ACTORS

BODY = '{"type":"PlaceOrder","name":"Ada Lovelace"}'


def test_a_body_is_opened_by_whoever_has_the_root_on_any_day() -> None:
    clock = ManualClock()
    sealed = SealedBodies(Roots([b"r" * 32]), clock).seal(BODY, "a-1")
    clock.jump(timedelta(days=3))

    assert "Ada" not in sealed
    assert SealedBodies(Roots([b"r" * 32, b"s" * 32]), clock).open(sealed, "a-1") == BODY


def test_what_is_not_sealed_is_read_as_it_is() -> None:
    assert SealedBodies(Roots([b"r" * 32]), ManualClock()).open(BODY, "a-1") == BODY


@pytest.mark.parametrize("message_id", ["a-1", "a-2"])
@pytest.mark.parametrize("root", [b"r" * 32, b"s" * 32])
def test_another_message_or_another_shop_opens_nothing(message_id: str, root: bytes) -> None:
    if (message_id, root) == ("a-1", b"r" * 32):
        return
    sealed = SealedBodies(Roots([b"r" * 32]), ManualClock()).seal(BODY, "a-1")
    with pytest.raises(BadInput, match="does not open"):
        SealedBodies(Roots([root]), ManualClock()).open(sealed, message_id)


@pytest.mark.parametrize(
    "body", ['{"sealed":', '{"sealed":1}', '{"sealed":"","day":""}', '{"sealed":"AAAA","day":"x"}']
)
def test_a_forged_body_is_refused(body: str) -> None:
    with pytest.raises(BadInput):
        SealedBodies(Roots([b"r" * 32]), ManualClock()).open(body, "a-1")


@pytest.mark.parametrize("kind", [Checkout, PlaceOrder, GetOrder, RecordTracking, AuditOrders])
def test_a_message_goes_out_sealed_if_it_names_a_person(kind: type[Command[object]]) -> None:
    clock = ManualClock()
    bodies = SealedBodies(Roots([b"r" * 32]), clock)
    sqs = Sqs(None, None, SqsSettings())  # type: ignore[arg-type] # It is not asked.
    letter = SqsTransport(sqs, Routes(ACTORS), clock, bodies)._letter(sample(kind), "a-1")

    assert letter.body.startswith('{"sealed":') == (kind is not AuditOrders)
    assert bodies.open(letter.body, "a-1") == encode(sample(kind))


def test_two_days_have_two_keys() -> None:
    clock = ManualClock()
    bodies = SealedBodies(Roots([b"r" * 32]), clock)
    sealed = msgspec.json.decode(bodies.seal(BODY, "a-1"))
    clock.jump(timedelta(days=1))
    other = msgspec.json.decode(bodies.seal(BODY, "a-1"))

    assert sealed["day"] != other["day"]
    with pytest.raises(BadInput):
        bodies.open(msgspec.json.encode({**sealed, "day": other["day"]}).decode(), "a-1")
