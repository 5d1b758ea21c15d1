"""Webhooks: kept until taken, and misbehaving on request."""

import json

import pytest

from sandbox import Sandbox, SandboxConfig, WebhookFault
from tests.sandbox.world import World, open_world


async def pay(world: World, count: int) -> list[str]:
    return [(await world.paid()).id for _ in range(count)]


def told(world: World) -> list[str]:
    return [json.loads(webhook.body)["data"]["object"]["id"] for webhook in world.shop.webhooks]


async def test_a_refused_webhook_comes_again_with_growing_pauses() -> None:
    async with open_world() as world:
        world.shop.statuses = [500, 302, 200]
        await world.paid()
        await world.shop.wait(1)
        await world.sandbox.flush_webhooks()  # Refused for the second time.
        assert world.sandbox.waiting_webhooks() == 1

        await world.pass_time(2)
        calls = await world.shop.wait(3)

        assert len({json.loads(call.body)["id"] for call in calls}) == 1
        assert calls[0].headers["stripe-signature"] != calls[2].headers["stripe-signature"]
        await world.sandbox.flush_webhooks()
        assert world.sandbox.waiting_webhooks() == 0


async def test_webhooks_wait_for_a_shop_that_starts_later() -> None:
    async with open_world() as world:
        world.sandbox.point_at("")
        await world.paid()
        assert world.sandbox.waiting_webhooks() == 1
        world.sandbox.point_at(world.shop.url)
        await world.shop.wait(1)


async def test_only_the_wanted_types_are_sent() -> None:
    async with open_world(SandboxConfig(webhook_types=frozenset({"charge.succeeded"}))) as world:
        await world.paid()
        await world.sandbox.flush_webhooks()
        assert [json.loads(call.body)["type"] for call in world.shop.webhooks] == ["charge.succeeded"]


async def test_repeat_sends_each_so_often() -> None:
    async with open_world() as world:
        world.sandbox.faults.webhooks = WebhookFault(repeat=3)
        (paid,) = await pay(world, 1)
        await world.shop.wait(3)
        assert told(world) == [paid] * 3


async def test_drop_loses_the_next_ones_for_ever() -> None:
    async with open_world() as world:
        world.sandbox.faults.webhooks = WebhookFault(drop=2)
        ids = await pay(world, 3)
        assert await world.sandbox.flush_webhooks() == 0
        assert told(world) == ids[2:]


async def test_reorder_shuffles_within_its_window_the_same_way_each_time() -> None:
    orders = []
    for _ in range(2):
        async with open_world() as world:
            world.sandbox.faults.webhooks = WebhookFault(reorder_s=60, seed=7)
            ids = await pay(world, 6)
            await world.sandbox.flush_webhooks()
            orders.append([ids.index(key) for key in told(world)])
    assert orders[0] == orders[1] != sorted(orders[0])


async def test_a_delayed_webhook_is_sent_when_its_time_comes() -> None:
    async with open_world() as world:
        world.sandbox.faults.webhooks = WebhookFault(delay_s=60)
        await world.paid()
        assert (world.shop.webhooks, world.sandbox.waiting_webhooks()) == ([], 1)
        await world.pass_time(60)
        await world.shop.wait(1)


async def test_held_webhooks_go_when_they_are_let_go() -> None:
    async with open_world() as world:
        world.sandbox.faults.webhooks = WebhookFault(hold=True)
        await pay(world, 2)
        assert world.sandbox.waiting_webhooks() == 2
        world.sandbox.faults.reset()
        await world.shop.wait(2)


async def test_a_webhook_that_nobody_takes_is_given_up_after_fifty_tries() -> None:
    async with open_world() as world:
        world.shop.statuses = [500] * 60
        world.sandbox.faults.webhooks = WebhookFault(hold=True)
        await world.paid()
        for _ in range(50):
            assert world.sandbox.waiting_webhooks() == 1
            await world.sandbox.flush_webhooks()
        assert world.sandbox.waiting_webhooks() == 0


async def test_a_box_without_a_shop_stops_at_once() -> None:
    async with Sandbox(SandboxConfig(), now=lambda: 1.0) as sandbox:
        assert await sandbox.flush_webhooks() == 0


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("payment_intent.*", ["payment_intent.created", "payment_intent.succeeded"]),
        ("*", ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]),
        ("charge.dispute.*", []),
    ],
)
async def test_a_wildcard_stands_for_any_type(wanted: str, sent: list[str]) -> None:
    async with open_world(SandboxConfig(webhook_types=frozenset({wanted}))) as world:
        await world.paid()
        calls = await world.shop.wait(len(sent))
        await world.sandbox.flush_webhooks()
        assert len(world.shop.webhooks) == len(sent)
        assert sorted(json.loads(call.body)["type"] for call in calls) == sent


async def test_the_shop_is_told_of_what_begins_outside_it() -> None:
    async with open_world() as world:
        debit, card = await world.paid(method="pm_success_de"), await world.paid()
        world.sandbox.stripe.warn_of_fraud(card.id)
        world.sandbox.stripe.refund_in_dashboard(card.id, 100)
        dispute = world.sandbox.stripe.open_dispute(card.id)
        world.sandbox.stripe.close_dispute(dispute.id, won=True)
        world.sandbox.stripe.settle(debit.id, succeeded=True)

        assert {json.loads(call.body)["type"] for call in await world.shop.wait(12)} == {
            "payment_intent.processing", "payment_intent.succeeded", "radar.early_fraud_warning.created",
            "radar.early_fraud_warning.updated", "refund.created", "refund.updated", "charge.refunded",
            "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed",
            "charge.dispute.funds_reinstated",
        }  # fmt: skip
