"""Code that replaces a safeguard while it is switched off."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

from actors.idempotency.rules import Claim, take_over
from actors.order import rules as order
from actors.payment import refunds
from actors.payment import store as payments
from actors.payment.state import Payment
from actors.payment.stripe import Stripe
from actors.shipping.carrier import Booking, Carrier
from bus.deliveries import Deliveries
from bus.dispatcher import Subscription
from bus.sweeper import Sweeper
from engine.deliveries import Addressed, ClaimedDeliveries
from engine.envelope import Envelope
from engine.transaction import Transaction
from engine.turns import Turns
from testkit import ShopUnderTest
from tests.faults.ablation_patches import replaced, rewritten


async def claim_everything(_: Deliveries, tx: Transaction, ids: Sequence[int]) -> ClaimedDeliveries:
    """A repeat is not known to be one."""
    await tx.execute("delete from bus.deliveries where id = any($1)", ids)
    return ClaimedDeliveries(ids)


async def never_used_up(_tx: Transaction, _code_id: str) -> bool:
    """A code that is right is right for ever."""
    return True


async def only_redis_knows(_tx: Transaction, _customer_id: str) -> int:
    """Sessions end where they are kept, and nowhere else."""
    return 1


@asynccontextmanager
async def events_after_the_commit(_: ShopUnderTest) -> AsyncIterator[None]:
    """As so many programs do it: first the state, and then, if we live, what there is to say of it."""
    store, hand_over, saying = Deliveries.store, Deliveries.hand_over, []

    async def remember(_: Deliveries, tx: Transaction, addressed: Sequence[Addressed]) -> Sequence[Addressed]:
        return addressed

    async def say(deliveries: Deliveries, addressed: Sequence[Addressed]) -> None:
        outbox = deliveries._outbox
        async with outbox._database.transaction(outbox._clock.now()) as tx:
            stored = await store(deliveries, tx, addressed)
        hand_over(deliveries, stored)
        outbox._clock.end()

    def say_now(deliveries: Deliveries, addressed: Sequence[Addressed]) -> None:
        deliveries._outbox._clock.begin()
        saying.append(asyncio.ensure_future(say(deliveries, addressed)))

    with (
        replaced(Deliveries, "store", remember),
        replaced(Deliveries, "hand_over", say_now),
        replaced(Deliveries, "on_rollback", lambda *_: None),
    ):
        yield
        await asyncio.gather(*saying)


def take_over_under_another_token(claim: Claim, now: datetime) -> Claim:
    """A request that is tried again is another request."""
    return take_over(claim, now)._replace(token=secrets.token_urlsafe(16))


async def no_sweep(_: Sweeper, subscription: Subscription) -> None:
    subscription.is_behind = False


async def all_fail_together(turns: Turns, handler: Any, batch: Sequence[Envelope], error: Exception) -> None:
    left = list(batch)
    while left:
        left = await turns._outcomes.fail_ahead_of(left[1:], left[0], error)


def without_lanes() -> AbstractContextManager[None]:
    made = Envelope.__init__

    def make(envelope: Envelope, *arguments: Any, **options: Any) -> None:
        made(envelope, *arguments, **options)
        envelope.key = ""

    return replaced(Envelope, "__init__", make)


def random_key(service: type) -> Callable[[], AbstractContextManager[None]]:
    """Stripe can't know that it has been asked before."""

    def part() -> AbstractContextManager[None]:
        create = service.create_async  # type: ignore[attr-defined] # both services have it

        async def under_a_new_key(own: Any, params: Any, options: Any) -> Any:
            return await create(own, params, {**options, "idempotency_key": secrets.token_hex()})

        return replaced(service, "create_async", under_a_new_key)

    return part


def carrier_without_key() -> AbstractContextManager[None]:
    book = Carrier.book

    class Keyless:
        def __init__(self, session: Any) -> None:
            self._session = session

        def post(self, url: str, **options: Any) -> Any:
            return self._session.post(url, **{**options, "headers": {"Idempotency-Key": secrets.token_hex()}})

    async def under_a_new_key(carrier: Carrier, *arguments: Any) -> Booking:
        return await book(Carrier(Keyless(carrier._session), carrier._url, carrier.name, carrier._circuit), *arguments)  # type: ignore[arg-type] # as far as it is used

    return replaced(Carrier, "book", under_a_new_key)


def every_webhook_is_new() -> AbstractContextManager[None]:
    add = payments.add_events

    async def add_and_forget(tx: Transaction, events: Sequence[tuple[str, Any]]) -> set[str]:
        await add(tx, events)
        return {event.id for _, event in events}

    return replaced(payments, "add_events", add_and_forget)


def no_refund_is_known() -> AbstractContextManager[None]:
    begin = refunds.begin

    def begin_as_new(of: Payment, refund_id: str, amount: Any, reason: Any, **options: Any) -> Any:
        of.refunds.pop(refund_id, None)
        return begin(of, refund_id, amount, reason, **options)

    return replaced(refunds, "begin", begin_as_new)


async def leave_the_intent(_: Stripe, intent_id: str) -> str:
    return "cancelled"


async def all_are_placed(*_: object) -> list[str]:
    return []


def cancelled_orders_can_be_paid() -> AbstractContextManager[None]:
    return replaced(order, "NEXT", {**order.NEXT, ("cancelled", "paid"): "paid"})


def late_money_is_ignored() -> AbstractContextManager[None]:
    return rewritten(order.paid, ('    if order.status != "cancelled":\n', "    if True:\n"))


def any_message_id(*_: str) -> str:
    return f"<{secrets.token_hex()}.order_created@shopflow.invalid>"


async def keep_keys(*_: object) -> int:
    return 0


ANY_LEVEL = """
for i, key in ipairs(KEYS) do
    redis.call('set', key, ARGV[2 * i] .. ' ' .. ARGV[2 * i + 1], 'ex', ARGV[1])
end
"""
