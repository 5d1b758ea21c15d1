"""Safeguards that are switched off one at a time, and the trial that must notice.

A safeguard that no trial misses is either not tested, or not needed.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import stripe

from actors.inventory import rules as inventory
from actors.inventory.actor import Inventory
from actors.order import rules as order
from actors.order.actor import Orders
from actors.payment import rules as payment
from actors.payment import store as payments
from actors.payment.stripe import Stripe
from actors.shipping.carrier import Booking, Carrier
from actors.warehouse import rules as warehouse
from bus.deliveries import Deliveries
from engine.mailbox import Envelope
from engine.postgres import Outgoing, Transaction
from engine.testing import ShopUnderTest
from engine.turns import Turns
from tests.faults import trials
from tests.faults.switches import replaced, reworded, rewritten, without_constraint
from tests.faults.trials import Trial

Off = Callable[[ShopUnderTest], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Ablation:
    """One safeguard."""

    name: str
    guards: str  # Against what.
    off: Off
    trial: Trial


def switch(*parts: Callable[[], AbstractContextManager[None]]) -> Off:
    """Off while all of these are."""

    @asynccontextmanager
    async def off(_: ShopUnderTest) -> AsyncIterator[None]:
        with ExitStack() as stack:
            for part in parts:
                stack.enter_context(part())
            yield

    return off


def constraint(table: str, name: str) -> Off:
    return lambda shop: without_constraint(shop, table, name)


# --- What stands in a safeguard's place ---


async def _claim_everything(_: Deliveries, tx: Transaction, ids: Sequence[int]) -> Iterable[int]:
    """A repeat is not known to be one."""
    await tx.execute("delete from bus.deliveries where id = any($1)", ids)
    return list(ids)


@asynccontextmanager
async def _events_after_the_commit(_: ShopUnderTest) -> AsyncIterator[None]:
    """As so many programs do it: first the state, and then, if we live, what there is to say of it."""
    store, hand_over, saying = Deliveries.store, Deliveries.hand_over, []

    async def remember(_: Deliveries, tx: Transaction, outgoing: Sequence[Outgoing]) -> list[Outgoing]:
        return list(outgoing)

    async def say(deliveries: Deliveries, outgoing: list[Outgoing]) -> None:
        async with deliveries._database.transaction(deliveries._clock.now()) as tx:
            stored = await store(deliveries, tx, outgoing)
        hand_over(deliveries, stored)
        deliveries._clock.end()

    def say_now(deliveries: Deliveries, outgoing: list[Outgoing]) -> None:
        deliveries._clock.begin()
        saying.append(asyncio.ensure_future(say(deliveries, outgoing)))

    with (
        replaced(Deliveries, "store", remember),
        replaced(Deliveries, "hand_over", say_now),
        replaced(Deliveries, "take_back", lambda *_: None),
    ):
        yield
        await asyncio.gather(*saying)


async def _no_sweep(deliveries: Deliveries, subscriber: str) -> None:
    deliveries._behind.discard(subscriber)


@asynccontextmanager
async def _nobody_waits_behind(shop: ShopUnderTest) -> AsyncIterator[None]:
    class Forgetful(set[str]):
        def add(self, element: str, /) -> None:
            """What is behind is not remembered."""

    with replaced(shop.inside.bus.deliveries, "_behind", Forgetful()):
        yield


async def _all_fail_together(turns: Turns, handler: Any, batch: Sequence[Envelope], error: Exception) -> None:
    left = list(batch)
    while left:
        left = await turns._cell.fail_ahead_of(left[1:], left[0], error)


def _without_lanes() -> AbstractContextManager[None]:
    made = Envelope.__init__

    def make(envelope: Envelope, *arguments: Any, **options: Any) -> None:
        made(envelope, *arguments, **options)
        envelope.key = ""

    return replaced(Envelope, "__init__", make)


def _random_key(service: type) -> Callable[[], AbstractContextManager[None]]:
    """Stripe can't know that it has been asked before."""

    def part() -> AbstractContextManager[None]:
        create = service.create_async  # type: ignore[attr-defined] # both services have it

        async def anew(own: Any, params: Any, options: Any) -> Any:
            return await create(own, params, {**options, "idempotency_key": secrets.token_hex()})

        return replaced(service, "create_async", anew)

    return part


def _carrier_without_key() -> AbstractContextManager[None]:
    book = Carrier.book

    class Keyless:
        def __init__(self, session: Any) -> None:
            self._session = session

        def post(self, url: str, **options: Any) -> Any:
            return self._session.post(url, **{**options, "headers": {"Idempotency-Key": secrets.token_hex()}})

    async def anew(carrier: Carrier, *arguments: Any) -> Booking:
        return await book(Carrier(Keyless(carrier._session), carrier._url, carrier.name, carrier._circuit), *arguments)  # type: ignore[arg-type] # as far as it is used

    return replaced(Carrier, "book", anew)


def _every_webhook_is_new() -> AbstractContextManager[None]:
    add = payments.add_events

    async def add_and_forget(tx: Transaction, events: Sequence[tuple[str, Any]]) -> set[str]:
        await add(tx, events)
        return {event.id for _, event in events}

    return replaced(payments, "add_events", add_and_forget)


def _no_refund_is_known() -> AbstractContextManager[None]:
    begin = payment.begin_refund

    def begin_anew(of: payment.Payment, refund_id: str, amount: Any, reason: Any) -> Any:
        of.refunds.pop(refund_id, None)
        return begin(of, refund_id, amount, reason)

    return replaced(payment, "begin_refund", begin_anew)


async def _leave_the_intent(_: Stripe, intent_id: str) -> str:
    return "cancelled"


def _cancelled_orders_can_be_paid() -> AbstractContextManager[None]:
    return replaced(order, "NEXT", {**order.NEXT, ("cancelled", "paid"): "paid"})


def _late_money_is_ignored() -> AbstractContextManager[None]:
    return rewritten(order.paid, ('    if order.status != "cancelled":\n', "    if True:\n"))


def _any_message_id(*_: str) -> str:
    return f"<{secrets.token_hex()}.order_created@shopflow.invalid>"


_ANY_LEVEL = """
for i, key in ipairs(KEYS) do
    redis.call('set', key, ARGV[2 * i] .. ' ' .. ARGV[2 * i + 1], 'ex', ARGV[1])
end
"""

ABLATIONS: Final[Sequence[Ablation]] = (
    Ablation(
        "stock: check (held between 0 and on_hand)",
        "a rule that lets two have the last unit",
        constraint("inventory.stock", "never_oversold"),
        trials.two_want_the_last_unit_and_the_rule_is_wrong,
    ),
    Ablation(
        "payments: check (received in (0, amount))",
        "a rule that counts the same money twice",
        constraint("payment.payments", "captured_once"),
        trials.money_is_told_of_twice_and_the_rule_adds_it_up,
    ),
    Ablation(
        "payments: check (refunded <= refunding <= received)",
        "a rule that promises back more than came",
        constraint("payment.payments", "never_refunded_more_than_received"),
        trials.too_much_is_sent_back_and_the_rule_allows_it,
    ),
    Ablation(
        "deliveries: who deletes the row may handle the message",
        "a message that comes twice and counts twice",
        switch(lambda: replaced(Deliveries, "claim", _claim_everything)),
        trials.everything_is_handed_over_again,
    ),
    Ablation(
        "deliveries: stored in the transaction they speak of",
        "an order that nobody heard of, after a crash",
        _events_after_the_commit,
        trials.killed_right_after_the_commit,
    ),
    Ablation(
        "deliveries: swept at the start",
        "the same, with the rows there and nobody to find them",
        switch(lambda: replaced(Deliveries, "_find_waiting", _no_sweep)),
        trials.killed_right_after_the_commit,
    ),
    Ablation(
        "deliveries: nothing overtakes rows that memory does not know",
        "an order that is paid before it is known",
        _nobody_waits_behind,
        trials.a_mailbox_is_full_for_a_moment,
    ),
    Ablation(
        "mailbox: a lane for each key",
        "the same, when the first message must be tried again",
        switch(_without_lanes),
        trials.a_first_message_is_slow,
    ),
    Ablation(
        "turns: who asked is answered after the commit",
        "a promise that is not on disk",
        switch(
            lambda: rewritten(
                Turns._commit,
                (
                    "_STORED.reach(place)",
                    "[e.answer.set_result(a) for e, a in zip(live, answers) if e.answer]; _STORED.reach(place)",
                ),
            )
        ),
        trials.killed_right_before_the_commit,
    ),
    Ablation(
        "turns: what failed together is tried apart",
        "a poisonous message that fails its neighbours",
        switch(lambda: replaced(Turns, "_in_halves", _all_fail_together)),
        trials.one_of_many_asks_is_poison,
    ),
    Ablation(
        "edge: a request is known by its key",
        "a refund that is given twice to who asked twice",
        switch(lambda: replaced("gateway.idempotency._hash", lambda *_: secrets.token_hex())),
        trials.a_request_is_sent_twice,
    ),
    Ablation(
        "edge: who takes a request over has its token",
        "a second order after a crash in the middle of the first",
        switch(
            lambda: reworded(
                "gateway.replays._CLAIM",
                "set claimed_at = excluded.claimed_at",
                "set claimed_at = excluded.claimed_at, token = excluded.token",
            )
        ),
        trials.a_request_is_taken_over_after_a_crash,
    ),
    Ablation(
        "Stripe: an intent has its order as key",
        "two payments for one order, when an answer is lost",
        switch(_random_key(stripe.PaymentIntentService)),
        trials.stripes_answer_to_a_checkout_is_lost,
    ),
    Ablation(
        "Stripe: a refund has a key",
        "money that goes back twice, when an answer is lost",
        switch(_random_key(stripe.RefundService)),
        trials.stripes_answer_to_a_refund_is_lost,
    ),
    Ablation(
        "payments: a refund is known by its id",
        "money that goes back twice, when it is asked for again",
        switch(_no_refund_is_known),
        trials.a_refund_is_asked_for_twice,
    ),
    Ablation(
        "payments: a webhook is stored once",
        "a buyer's history that tells of two tries where there was one",
        switch(_every_webhook_is_new),
        trials.a_webhook_comes_three_times,
    ),
    Ablation(
        "payments: a cancelled order's intent is cancelled",
        "a card that is charged for an order that is over",
        switch(lambda: replaced(Stripe, "cancel_intent", _leave_the_intent)),
        trials.nobody_pays,
    ),
    Ablation(
        "carrier: a booking has its order as key",
        "two parcels for one order, when an answer is lost",
        switch(_carrier_without_key),
        trials.the_carriers_answer_is_lost,
    ),
    Ablation(
        "mail: its Message-ID is made of event and template",
        "a mail that comes again and looks like another",
        switch(lambda: replaced("actors.email.rules.message_id", _any_message_id)),
        trials.the_mail_servers_answer_is_lost,
    ),
    Ablation(
        "orders: the table of their life",
        "a lamp that is sold twice, when cancelled orders can be paid",
        switch(_cancelled_orders_can_be_paid),
        trials.money_comes_late_for_units_that_are_gone,
    ),
    Ablation(
        "orders: late money is decided upon",
        "money that is kept for nothing",
        switch(_late_money_is_ignored),
        trials.money_comes_late_for_units_that_are_gone,
    ),
    Ablation(
        "orders: all money goes back once",
        "a refund that is asked for twice (the payment's own bound would refuse it)",
        switch(
            lambda: rewritten(order.units_gone, (" and not order.refund_requested", "")),
            lambda: rewritten(order._send_money_back, ("if not order.refund_requested:", "if True:")),
        ),
        trials.units_are_found_gone_after_a_cancellation,
    ),
    Ablation(
        "orders: a timer ends those that nobody pays",
        "units that nobody buys and nobody can have",
        switch(
            lambda: rewritten(Orders._announce, ("tx.schedule(", "str("), (", tx.now + self._payment_window)", ")"))
        ),
        trials.nobody_pays,
    ),
    Ablation(
        "warehouse: a parcel goes once its order has confirmed it",
        "a parcel for an order that was called off meanwhile",
        switch(lambda: rewritten(warehouse.take, ('if step == "ship" and state.confirmed:', 'if step == "ship":'))),
        trials.called_off_while_it_is_packed,
    ),
    Ablation(
        "inventory: one's own hold is not in one's way",
        "a buyer who is refused what is theirs",
        switch(lambda: rewritten(inventory._hold, ("reach = books.available + has", "reach = books.available"))),
        trials.one_sets_the_last_unit_again,
    ),
    Ablation(
        "inventory: a hold that has ended refuses nobody",
        "units that nobody has and nobody gets",
        switch(
            lambda: rewritten(Inventory.hold, ("if refused and await self._free_expired(tx, refused):", "if False:"))
        ),
        trials.a_hold_has_ended_and_no_timer_has_run,
    ),
    Ablation(
        "inventory: a repeated checkout takes nothing again",
        "units that are held and sold for one order",
        switch(lambda: rewritten(inventory.hold_for_checkout, ("if is_placed or (live", "if False and (live"))),
        trials.a_checkout_is_repeated_after_it_was_paid,
    ),
    Ablation(
        "inventory: `for update`",
        "two processes that write over each other's counts",
        switch(lambda: reworded("actors.inventory.store._LOCK_STOCK", " for update", "")),
        trials.two_shops_count_the_same_units,
    ),
    Ablation(
        "inventory: SKUs are locked in one order",
        "two processes that wait for each other in a circle",
        switch(lambda: reworded("actors.inventory.store._LOCK_STOCK", "order by sku", "order by random()")),
        trials.two_shops_take_the_same_goods,
    ),
    Ablation(
        "news: the newer version wins",
        "a page that shows what was true before",
        switch(lambda: replaced("bus.news._KEEP_NEWER", _ANY_LEVEL)),
        trials.an_older_stock_level_comes_late,
    ),
)
