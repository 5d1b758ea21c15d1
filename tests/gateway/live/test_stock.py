"""Subscriptions: a snapshot, then every change, each version once and none going back."""

from collections.abc import Collection, Sequence

import pytest

from bus.messages.inventory import StockLevel
from tests.gateway.live.support import edge, hear, levels_of, nothing_more, say, shown, subscribe
from tests.waiting import eventually

MUG, LAMP = "MUG", "LAMP"


async def test_a_subscription_is_answered_with_the_values_of_now_and_then_with_changes() -> None:
    async with edge() as live, live.connect() as socket:
        mug = live.shelf.put(MUG, 5, 1)

        assert await subscribe(socket, MUG, "NO-SUCH-SKU") == shown(mug)

        live.hub.stock_changed([StockLevel(sku=MUG, available=4, version=2)])
        assert await hear(socket) == {"op": "stock", "sku": MUG, "available": 4, "version": 2}


async def test_a_sku_that_appears_later_is_told() -> None:
    async with edge() as live, live.connect() as socket:
        assert await subscribe(socket, LAMP) == []

        live.hub.stock_changed([StockLevel(sku=LAMP, available=7, version=1)])

        assert levels_of(await hear(socket)) == shown(StockLevel(sku=LAMP, available=7, version=1))


async def test_older_and_repeated_changes_are_dropped() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.put(MUG, 5, 10)
        await subscribe(socket, MUG)

        live.hub.stock_changed(
            [StockLevel(sku=MUG, available=9, version=9), StockLevel(sku=MUG, available=5, version=10)]
        )

        await nothing_more(socket)


async def test_coming_back_with_versions_tells_only_what_is_newer() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.put(MUG, 5, 10)
        lamp = live.shelf.put(LAMP, 2, 7)

        assert await subscribe(socket, MUG, LAMP, versions={MUG: 10, LAMP: 6}) == shown(lamp)


async def test_a_client_that_knows_more_than_we_do_is_not_told_old_things() -> None:
    """The gateway was restarted and read an old value from a cache."""
    async with edge() as live, live.connect() as socket:
        live.shelf.put(MUG, 5, 10)
        assert await subscribe(socket, MUG, versions={MUG: 12}) == []

        live.hub.stock_changed([StockLevel(sku=MUG, available=4, version=11)])
        await nothing_more(socket)
        live.hub.stock_changed([StockLevel(sku=MUG, available=3, version=12)])
        await nothing_more(socket)

        live.hub.stock_changed([StockLevel(sku=MUG, available=2, version=13)])
        assert levels_of(await hear(socket)) == shown(StockLevel(sku=MUG, available=2, version=13))


async def test_a_change_during_the_first_read_is_not_lost() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.put(MUG, 5, 1)
        live.shelf.open.clear()
        await say(socket, "subscribe", skus=[MUG, LAMP])
        await eventually(lambda: bool(live.shelf.reads))

        live.hub.stock_changed([StockLevel(sku=MUG, available=4, version=2)])
        live.shelf.open.set()

        answer = await hear(socket)
        assert answer == {"op": "subscribed", "stock": shown(StockLevel(sku=MUG, available=4, version=2))}
        await nothing_more(socket)


async def test_no_change_overtakes_the_answer() -> None:
    """Somebody else watches the SKU already, so its changes are being told while this client still waits for LAMP."""
    async with edge() as live, live.connect() as first, live.connect() as second:
        live.shelf.put(MUG, 5, 1)
        await subscribe(first, MUG)
        live.shelf.open.clear()
        await say(second, "subscribe", skus=[MUG, LAMP])
        await eventually(lambda: len(live.shelf.reads) == 2)

        live.hub.stock_changed([StockLevel(sku=MUG, available=4, version=2)])
        assert levels_of(await hear(first)) == shown(StockLevel(sku=MUG, available=4, version=2))
        live.shelf.open.set()

        assert (await hear(second)) == {"op": "subscribed", "stock": shown(StockLevel(sku=MUG, available=4, version=2))}


async def test_a_sku_stays_watched_for_whoever_waits_when_its_last_reader_leaves() -> None:
    async with edge() as live, live.connect() as second:
        live.shelf.put(MUG, 5, 1)
        async with live.connect() as first:
            await subscribe(first, MUG)
            live.shelf.open.clear()
            await say(second, "subscribe", skus=[MUG, LAMP])
            await eventually(lambda: len(live.shelf.reads) == 2)
        await eventually(lambda: live.hub.connections == 1)

        live.hub.stock_changed([StockLevel(sku=MUG, available=4, version=2)])
        live.shelf.open.set()

        assert (await hear(second))["stock"] == shown(StockLevel(sku=MUG, available=4, version=2))


async def test_what_is_watched_already_is_answered_without_a_read() -> None:
    async with edge() as live, live.connect() as first, live.connect() as second:
        mug = live.shelf.put(MUG, 5, 1)
        await subscribe(first, MUG)

        assert await subscribe(second, MUG) == shown(mug)

        assert len(live.shelf.reads) == 1


async def test_changes_of_one_tick_share_a_frame() -> None:
    async with edge() as live, live.connect() as both, live.connect() as one:
        await subscribe(both, MUG, LAMP)
        await subscribe(one, LAMP)

        live.hub.stock_changed(
            [StockLevel(sku=MUG, available=1, version=1), StockLevel(sku=LAMP, available=2, version=1)]
        )
        live.hub.stock_changed([StockLevel(sku=MUG, available=0, version=2)])

        news = shown(StockLevel(sku=MUG, available=0, version=2), StockLevel(sku=LAMP, available=2, version=1))
        assert await hear(both) == {"op": "stocks", "stock": news}
        assert levels_of(await hear(one)) == news[1:]


async def test_unsubscribing_ends_it() -> None:
    async with edge() as live, live.connect() as socket:
        mug = live.shelf.put(MUG, 5, 1)
        await subscribe(socket, MUG, LAMP)

        await say(socket, "unsubscribe", skus=[MUG])
        await nothing_more(socket)
        live.hub.stock_changed(
            [StockLevel(sku=MUG, available=4, version=2), StockLevel(sku=LAMP, available=1, version=1)]
        )

        assert levels_of(await hear(socket)) == shown(StockLevel(sku=LAMP, available=1, version=1))
        assert await subscribe(socket, MUG) == shown(mug)


async def test_unsubscribing_from_what_is_still_being_read_answers_without_it() -> None:
    async with edge() as live, live.connect() as socket:
        lamp = live.shelf.put(LAMP, 2, 1)
        live.shelf.open.clear()
        await say(socket, "subscribe", skus=[MUG, LAMP])
        await say(socket, "unsubscribe", skus=[MUG])
        await nothing_more(socket)

        live.shelf.open.set()

        assert (await hear(socket))["stock"] == shown(lamp)
        live.hub.stock_changed([StockLevel(sku=MUG, available=1, version=5)])
        await nothing_more(socket)


async def test_when_pub_sub_was_lost_clients_hear_so_and_everything_is_read_again() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.put(MUG, 5, 1)
        await subscribe(socket, MUG)
        news = live.shelf.put(MUG, 3, 4)

        live.hub.stale()

        heard = [await hear(socket), await hear(socket)]
        assert {"op": "stale"} in heard
        assert {"op": "stock", **shown(news)[0]} in heard


async def test_a_lost_message_heals_by_reading_again() -> None:
    async with edge(reread_every_s=0.05) as live, live.connect() as socket:
        live.shelf.put(MUG, 5, 1)
        await subscribe(socket, MUG)

        news = live.shelf.put(MUG, 3, 4)

        assert levels_of(await hear(socket)) == shown(news)


async def test_reading_goes_on_after_a_failure() -> None:
    async with edge(retry_s=0.01) as live, live.connect() as socket:
        mug = live.shelf.put(MUG, 5, 1)
        live.shelf.broken = True
        await say(socket, "subscribe", skus=[MUG])
        await eventually(lambda: len(live.shelf.reads) > 1)

        live.shelf.broken = False

        assert (await hear(socket))["stock"] == shown(mug)


@pytest.mark.parametrize("culprits", [{3}, {0}, {4}, {0, 4}, {1, 2, 3}, {0, 1, 2, 3, 4}])
async def test_a_sku_that_can_not_be_read_keeps_no_other_from_being_read(culprits: Collection[int]) -> None:
    """One message of one client must not stop live stock for all."""
    async with edge(retry_s=0.01) as live, live.connect() as socket, live.connect() as other:
        mug, lamp = live.shelf.put(MUG, 5, 1), live.shelf.put(LAMP, 2, 1)
        live.shelf.unreadable = {f"SKU-{n}" for n in culprits}
        live.shelf.open.clear()
        await say(other, "subscribe", skus=[f"SKU-{n}" for n in range(5)])
        await say(socket, "subscribe", skus=[MUG, LAMP])
        await eventually(lambda: len(live.shelf.reads) == 1)

        live.shelf.open.set()

        assert levels_of(await hear(socket)) == shown(mug, lamp)
        live.shelf.unreadable = set()
        assert await hear(other) == {"op": "subscribed", "stock": []}


async def test_a_watched_sku_that_can_not_be_read_any_more_keeps_no_other_from_being_read() -> None:
    async with edge(retry_s=0.01, reread_every_s=0.05) as live, live.connect() as socket:
        live.shelf.put(MUG, 5, 1)
        live.shelf.put(LAMP, 2, 1)
        await subscribe(socket, MUG, LAMP)
        live.shelf.unreadable = {MUG}

        lamp = live.shelf.put(LAMP, 1, 2)  # Nobody tells the edge: it has to read again.

        assert levels_of(await hear(socket)) == shown(lamp)


@pytest.mark.parametrize("sku", ["x\0", "MUG\n", " MUG", "", "-x", "x" * 65, "MÜG", "../x"])
async def test_what_can_be_no_sku_is_refused_and_read_nowhere(sku: str) -> None:
    async with edge() as live, live.connect() as socket:
        for fields in ({"skus": [MUG, sku]}, {"skus": [MUG], "versions": {sku: 1}}):
            await say(socket, "subscribe", **fields)
            assert (await hear(socket))["code"] == "bad_message"
        await say(socket, "unsubscribe", skus=[sku])
        assert (await hear(socket))["code"] == "bad_message"
        assert live.shelf.reads == []


async def test_reads_are_paged() -> None:
    async with edge(read_page=10) as live, live.connect() as socket:
        await subscribe(socket, *(f"SKU-{n}" for n in range(25)))

        assert [len(skus) for skus in live.shelf.reads] == [10, 10, 5]


async def test_a_sku_that_nobody_sells_makes_no_topic() -> None:
    async def sold(skus: Sequence[str]) -> Collection[str]:
        return {"MUG", "NEW"}.intersection(skus)

    async with edge(read_sold=sold) as live, live.connect() as socket:
        live.shelf.put("MUG", 3, 1)
        strange = [f"NONE-{number}" for number in range(60)]

        assert len(await subscribe(socket, "MUG", "NEW", *strange)) == 1
        assert set(live.hub.sent_levels()) == {"MUG", "NEW"}  # NEW is sold, and was never counted.
        assert await subscribe(socket, *strange) == []
        assert set(live.hub.sent_levels()) == {"MUG", "NEW"}
        live.hub.stock_changed([StockLevel(sku="NONE-1", available=1, version=1)])
        live.hub.stock_changed([StockLevel(sku="NEW", available=5, version=1)])
        assert levels_of(await hear(socket)) == shown(StockLevel(sku="NEW", available=5, version=1))


async def test_topics_that_nobody_sells_leave_room_for_others() -> None:
    async def sold(skus: Sequence[str]) -> Collection[str]:
        return {"MUG"}.intersection(skus)

    async with edge(max_topics=128, read_sold=sold) as live, live.connect() as mallory, live.connect() as ada:
        for page in range(5):
            await subscribe(mallory, *(f"NONE-{page}-{number}" for number in range(128)))

        assert await subscribe(ada, "MUG") == []
        assert set(live.hub.sent_levels()) == {"MUG"}


async def test_a_bundle_s_watchers_hear_of_it_when_a_part_s_level_changes() -> None:
    async with edge() as live, live.connect() as socket:
        live.shelf.parts = {"SET": (MUG, LAMP)}
        five = live.shelf.put("SET", 5, 100)
        assert await subscribe(socket, "SET") == shown(five)

        live.shelf.put("SET", 4, 101)
        live.hub.stock_changed([StockLevel(sku=LAMP, available=4, version=2)])  # Nobody watches the lamp itself.

        assert await hear(socket) == {"op": "stock", "sku": "SET", "available": 4, "version": 101}
        await say(socket, "unsubscribe", skus=["SET"])
        await nothing_more(socket)
        reads = len(live.shelf.reads)
        live.hub.stock_changed([StockLevel(sku=LAMP, available=3, version=3)])
        await nothing_more(socket)
        assert len(live.shelf.reads) == reads  # Forgotten with its last watcher.
