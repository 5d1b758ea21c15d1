"""The queues themselves: made, listed, looked into, and tried again."""

import msgspec

from bus.sqs.client import Sqs
from bus.sqs.membership import processes
from bus.sqs.queues import Queues
from bus.sqs.wire import WireMessage
from engine.clock import SystemClock
from engine.postgres import Database
from tests.bus.transports import Transport
from tests.engine.toys import Add, done
from tests.waiting import eventually

ACTORS = ("bell", "courier", "recorder")


async def names(sqs: Sqs) -> set[str]:
    """Of all queues that there are."""
    found = await sqs.client.list_queues(QueueNamePrefix=sqs.settings.sqs_prefix)
    return {url.rpartition("/")[2] for url in found.get("QueueUrls", [])}


async def add(sqs: Sqs, *words: str) -> None:
    letters = [
        WireMessage(id=f"id-{word}", type="Add", key=word, body=msgspec.json.encode(Add(key=word, what=word)).decode())
        for word in words
    ]
    assert not await sqs.send(sqs.queue_of("recorder"), letters)


async def park(sqs: Sqs, *words: str) -> None:
    """Hand them out, and never end them, until the queue has had enough."""
    await add(sqs, *words)
    for _ in range(sqs.settings.sqs_receives):
        in_flight = [(message["ReceiptHandle"], 0) for message in await sqs.receive(sqs.queue_of("recorder"), 0, 30)]
        await sqs.change_visibility(sqs.queue_of("recorder"), in_flight)
    await sqs.receive(sqs.queue_of("recorder"), 0, 30)


async def test_they_are_made_once_and_set_right_when_the_settings_change(sqs: Sqs) -> None:
    before = await names(sqs)
    longer = Sqs(sqs.client, sqs._s3, msgspec.structs.replace(sqs.settings, sqs_visibility_s=77))

    made = [queue async for queue in Queues(longer, ACTORS).create()]

    assert await names(sqs) == before >= {*made, *(queue.replace(".fifo", "-parked.fifo") for queue in made)}
    read = await sqs.client.get_queue_attributes(QueueUrl=await sqs.url(made[0]), AttributeNames=["All"])
    attributes = read["Attributes"]
    assert attributes["VisibilityTimeout"] == "77"
    assert (attributes["DeduplicationScope"], attributes["FifoThroughputLimit"]) == (
        "messageGroup",
        "perMessageGroupId",
    )
    redrive = msgspec.json.decode(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(f"{made[0].removesuffix('.fifo')}-parked.fifo")
    assert redrive["maxReceiveCount"] == sqs.settings.sqs_receives


async def test_it_is_told_how_full_they_are(sqs: Sqs) -> None:
    await add(sqs, "a", "b", "c")
    in_flight = await sqs.receive(sqs.queue_of("recorder"), 0, 30)

    states = {state.actor: state for state in await Queues(sqs, (*ACTORS, "nobody")).states()}

    assert (states["recorder"].waiting, states["recorder"].in_flight) == (3 - len(in_flight), len(in_flight))
    assert (states["bell"].is_there, states["bell"].waiting, states["bell"].parked) == (True, 0, 0)
    assert not states["nobody"].is_there


async def test_what_was_handed_out_too_often_is_parked_and_may_be_looked_at_again_and_again(sqs: Sqs) -> None:
    for first in (0, 6):
        await park(sqs, *(f"{first + n}" for n in range(6)))
    queues = Queues(sqs, ACTORS)

    for _ in range(2):
        parked = await queues.parked()
        assert {message.key for message in parked} == {f"{n}" for n in range(12)}
        assert {(message.actor, message.type) for message in parked} == {("recorder", "Add")}
    states = {state.actor: state.parked for state in await queues.states()}
    assert states == {"bell": 0, "courier": 0, "recorder": 12}


async def test_what_is_parked_can_be_tried_again_by_its_id(database: Database, sqs: Sqs) -> None:
    await park(sqs, "one", "two")
    queues = Queues(sqs, ACTORS)

    assert await queues.redrive(["id-two", "no-such-id"]) == 1

    assert [message.id for message in await queues.parked()] == ["id-one"]
    transport = Transport(database, sqs)

    async def has_done_two() -> bool:
        return await done(database) == ["two"]

    async with transport.process(sqs, [transport.recorder]):
        await eventually(has_done_two)


async def test_a_process_is_listed_with_what_it_hosts_and_leaves_nothing_behind(database: Database, sqs: Sqs) -> None:
    transport, before = Transport(database, sqs), await names(sqs)

    async def is_listed() -> bool:
        return bool(await processes(database))

    async with transport.process(sqs, [transport.recorder, transport.courier]):
        await eventually(is_listed)
        (here,) = await processes(database)
        assert here.hosts == ("recorder", "courier")
        assert here.is_alive(SystemClock().now())
        assert await names(sqs) == before | {sqs.replies_of(here.id)}

    assert await processes(database) == []
    assert await names(sqs) == before


async def test_who_was_killed_long_ago_is_cleared_away_after(database: Database, sqs: Sqs) -> None:
    transport, before = Transport(database, sqs), await names(sqs)
    await sqs.client.create_queue(QueueName=sqs.replies_of("killed"))
    async with database.transaction(SystemClock().now()) as tx:
        await tx.execute(
            "insert into bus.processes (id, hosts, started_at, seen_at)"
            " select 'killed', '{bell}', $1::timestamptz - interval '2 hours', $1::timestamptz - interval '61 minutes'",
            tx.now,
        )

    async def is_cleared_away() -> bool:
        return sqs.replies_of("killed") not in await names(sqs)

    async with transport.process(sqs, [transport.recorder]):
        await eventually(is_cleared_away)

    assert await names(sqs) == before
