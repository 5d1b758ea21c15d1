"""What a process makes of the messages that SQS lends it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from structlog.testing import capture_logs

from bus.local import LocalBus
from bus.sqs.client import MissingQueue, Sqs
from bus.sqs.metrics import LEASES_LOST
from bus.sqs.wire import WireMessage
from engine.clock import SystemClock
from engine.postgres import Database
from tests.bus.sqs_faults import without_faults
from tests.bus.transports import Transport, nothing_is_stored
from tests.engine.toys import Add, Fetch, Gate, Rang, Recorder, Ring, done
from tests.waiting import eventually

LENT_S = 1


@pytest.fixture
def brief(sqs: Sqs) -> Sqs:
    """It lends for a second only."""
    return Sqs(sqs.client, sqs._s3, msgspec.structs.replace(sqs.settings, sqs_visibility_s=LENT_S))


@pytest.fixture
def transport(database: Database, sqs: Sqs) -> Transport:
    return Transport(database, sqs)


@asynccontextmanager
async def back(transport: Transport, sqs: Sqs, **changes: object) -> AsyncIterator[LocalBus]:
    async with transport.process(sqs, [transport.recorder, transport.courier], **changes) as bus:
        yield bus


async def send(sqs: Sqs, body: str, **fields: object) -> None:
    letter = WireMessage(**{"id": f"by-hand-{fields}", "type": "Add", "body": body} | fields)  # type: ignore[arg-type] # as named
    assert not await sqs.send(sqs.queue_of("recorder"), [letter])


async def waiting(sqs: Sqs, actor: str = "recorder") -> int:
    """How many messages the queue still has, in flight or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = await sqs.url(sqs.queue_of(actor))
    answer = await sqs.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)  # type: ignore[arg-type] # of its names
    return sum(map(int, answer["Attributes"].values()))


async def is_empty(sqs: Sqs) -> bool:
    return not await waiting(sqs)


async def test_a_field_that_this_version_does_not_know_is_passed_over(transport: Transport, sqs: Sqs) -> None:
    async with back(transport, sqs):
        await send(sqs, '{"type":"Add","key":"a","what":"one","colour":"blue"}')
        await eventually(lambda: is_empty(sqs))

    assert await done(transport.database) == ["one"]


@pytest.mark.parametrize(("kind", "body"), [("Tomorrows", '{"type":"Tomorrows"}'), ("Add", "{}"), ("Add", "no JSON")])
async def test_what_this_version_cannot_read_waits_and_is_told_once(
    transport: Transport, sqs: Sqs, kind: str, body: str
) -> None:
    with capture_logs() as logs:
        async with back(transport, sqs):
            await send(sqs, body, type=kind, key="one")
            await send(sqs, body, type=kind, key="two")
            await eventually(lambda: _is_told(logs))
            await send(sqs, '{"type":"Add","key":"a","what":"good"}', key="a")
            await eventually(lambda: _has_done(transport, ["good"]))

    assert await waiting(sqs) == 2
    assert len([entry for entry in logs if "can't be read" in entry["event"]]) == 1


async def _is_told(logs: Sequence[object]) -> bool:
    return any("can't be read" in str(entry) for entry in logs)


async def _has_done(transport: Transport, what: list[str], actor: str = "recorder") -> bool:
    return await done(transport.database, actor) == what


async def test_a_large_body_goes_by_s3_and_is_gone_when_it_was_handled(transport: Transport, sqs: Sqs) -> None:
    words = "x" * (sqs.settings.sqs_body_limit + 1)
    async with transport.open() as front:
        assert await front.ask(Add(key="a", what=words)) == f"added {words}"
        await front.ask(Ring(key="b", what=words))
        await eventually(lambda: nothing_is_stored(transport.database))
        await eventually(lambda: _no_object_is_left(sqs))

    assert await done(transport.database) == [words, words]


async def _no_object_is_left(sqs: Sqs) -> bool:
    found = await sqs._s3.list_objects_v2(Bucket=sqs.settings.s3_bucket, Prefix=f"{sqs.settings.sqs_prefix}/")
    return not found.get("Contents")


async def test_a_handler_may_take_longer_than_a_message_is_lent(transport: Transport, brief: Sqs) -> None:
    other = Recorder()
    gates = [Gate(transport.recorder), Gate(other)]
    async with transport.process(brief, [transport.recorder]), transport.process(brief, [other]):
        await send(brief, '{"type":"Rang","key":"a","what":"long"}', type="Rang")
        await eventually(lambda: any(gate.reached.is_set() for gate in gates))
        await _has_been_lent_again(brief, times=9)
        for gate in gates:
            gate.open()
        await eventually(lambda: is_empty(brief))

    assert await done(transport.database) == ["long"]
    assert len(transport.recorder.batches) + len(other.batches) == 1


async def _has_been_lent_again(sqs: Sqs, times: int) -> None:
    """Three times its time have passed: it is renewed at a third of it."""
    in_flight = 0
    change_visibility = sqs.change_visibility

    async def count(*arguments: object) -> object:
        nonlocal in_flight
        in_flight += 1
        return await change_visibility(*arguments)  # type: ignore[arg-type] # as they came

    setattr(sqs, "change_visibility", count)  # noqa: B010 - a method
    await eventually(lambda: in_flight >= times)


async def test_a_turn_that_lost_its_loan_does_not_commit(transport: Transport, brief: Sqs) -> None:
    other = Recorder()
    faulty = without_faults(brief)
    gate = Gate(transport.recorder)
    async with transport.process(faulty, [transport.recorder]) as first:
        await send(brief, '{"type":"Rang","key":"a","what":"once"}', type="Rang")
        await gate.wait()
        faulty.is_down = True  # For this process only.
        lost = LEASES_LOST.labels(brief.queue_of("recorder"))
        await eventually(lambda: lost._value.get() == 1)
        async with transport.process(brief, [other]):
            await eventually(lambda: _has_done(transport, ["once"]))
            gate.open()
            await eventually(lambda: first.supervisor.cells["recorder"].mailbox.size == 0)
        faulty.is_down = False

    assert await done(transport.database) == ["once"]


async def test_a_call_that_lost_its_loan_is_cancelled(transport: Transport, brief: Sqs) -> None:
    faulty = without_faults(brief)
    gate = Gate(transport.courier)
    async with transport.process(faulty, [transport.courier]) as bus:
        letter = WireMessage(id="by-hand", type="Fetch", body=msgspec.json.encode(Fetch(key="a", what="far")).decode())
        await brief.send(brief.queue_of("courier"), [letter])
        await gate.wait()
        faulty.is_down = True
        await eventually(lambda: transport.courier.running == 0)
        await eventually(lambda: bus.supervisor.cells["courier"].mailbox.size in (0, 1))
        faulty.is_down = False

    assert transport.courier.fetched == []


async def test_a_call_whose_result_lost_its_loan_is_given_up_and_made_again(transport: Transport, brief: Sqs) -> None:
    faulty = without_faults(brief)
    lost = LEASES_LOST.labels(brief.queue_of("courier"))
    async with transport.process(faulty, [transport.courier]) as bus:
        async with transport.database.transaction(SystemClock().now()) as tx:
            await tx.execute("lock table toys.done")  # So that the turn that records the result has to wait.
            letter = WireMessage(id="by-hand", type="Rang", body='{"type":"Rang","key":"a","what":"far"}')
            await brief.send(brief.queue_of("courier"), [letter])
            await eventually(lambda: transport.courier.fetched == ["far"])
            faulty.is_down = True
            await eventually(lambda: lost._value.get() >= 1)
        await eventually(lambda: bus.supervisor.cells["courier"].mailbox.size == 0)
        faulty.is_down = False
        await eventually(lambda: _has_done(transport, ["far"], "courier"))

    assert transport.courier.fetched == ["far", "far"]


async def test_what_was_not_begun_goes_to_others_at_once_when_a_process_stops(transport: Transport, sqs: Sqs) -> None:
    other = Recorder()
    gate = Gate(transport.recorder, "first")
    async with transport.process(sqs, [transport.recorder]) as first:
        await send(sqs, '{"type":"Rang","key":"a","what":"first"}', type="Rang", key="a")
        await gate.wait()
        for number in range(15):
            body = msgspec.json.encode(Rang(key=f"{number}", what=f"{number}")).decode()
            await send(sqs, body, type="Rang", key=f"{number}")
        await eventually(lambda: first.supervisor.cells["recorder"].mailbox.size == 16)
        asyncio.get_running_loop().call_soon(gate.open)
    async with transport.process(sqs, [other]):
        await eventually(lambda: is_empty(sqs), within_s=sqs.settings.sqs_visibility_s / 2)

    assert sorted(await done(transport.database)) == sorted(["first", *map(str, range(15))])


async def test_no_more_is_received_than_the_mailbox_has_room_for(transport: Transport, sqs: Sqs) -> None:
    gate = Gate(transport.recorder)
    async with back(transport, sqs, shopflow_mailbox_limit=25) as bus:
        for number in range(60):
            body = msgspec.json.encode(Rang(key=f"{number}", what=f"{number}")).decode()
            await send(sqs, body, type="Rang", key=f"{number}")
        await gate.wait()
        mailbox = bus.supervisor.cells["recorder"].mailbox
        await eventually(lambda: mailbox.size > mailbox.limit - 10)
        assert mailbox.size <= mailbox.limit
        gate.open()
        await eventually(lambda: is_empty(sqs))

    assert len(await done(transport.database)) == 60


async def test_a_process_whose_queue_is_missing_says_which(transport: Transport, sqs: Sqs) -> None:
    elsewhere = Sqs(sqs.client, sqs._s3, msgspec.structs.replace(sqs.settings, sqs_prefix="nobodys"))

    with pytest.raises(MissingQueue, match=r"no queue nobodys-recorder\.fifo"):
        async with back(transport, elsewhere):
            pass
