"""What Stripe is asked for once is there once, whatever it answered before."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import stripe

from actors.payment.make_once import MAX_KEYS
from actors.payment.private import RefundSeen, Window
from actors.payment.stripe import Stripe, StripeSettings, open_stripe
from actors.payment.stripe_errors import translate
from bus.messages.base import Money
from engine.circuit import Circuit
from engine.clock import ManualClock
from engine.errors import BadInput, Unavailable
from sandbox import Sandbox, SandboxConfig
from sandbox.core.faults import Fault
from tests.actors.payment.support import AMOUNT, ORDER, eur

INTENTS, REFUNDS = "POST /v1/payment_intents", "POST /v1/refunds"


@dataclass
class World:
    """Stripe's library, at the sandbox, with a clock to move."""

    sandbox: Sandbox
    stripe: Stripe
    now: datetime
    calls: list[str]  # "METHOD /path", as they came.

    async def intent(self, *, is_old: bool = False, attempt: int = 1) -> str:
        since = datetime(2030, 1, 7, 12, tzinfo=UTC)
        return (await self.stripe.create_intent(ORDER, attempt, eur(AMOUNT), since=since, is_old=is_old)).intent_id

    async def refund(self, intent_id: str, refund_id: str = "ref_1", *, is_old: bool = False) -> RefundSeen:
        return await self.stripe.refund(refund_id, ORDER, intent_id, eur(100), "not_deliverable", is_old=is_old)

    async def paid(self) -> str:
        intent_id = await self.intent()
        await self.pay(intent_id)
        return intent_id

    async def pay(self, intent_id: str) -> None:
        form = {"payment_method": "pm_card_visa"}
        auth = {"Authorization": "Bearer sk_test_sandbox"}
        url = f"{self.sandbox.http_url}/v1/payment_intents/{intent_id}/confirm"
        async with aiohttp.ClientSession() as http, http.post(url, data=form, headers=auth) as answer:
            assert answer.status == 200

    def undo_intents(self) -> None:
        """As if Stripe had done nothing before it answered 500."""
        for intent in self.sandbox.payment_intents():
            self.sandbox.stripe.intents.delete(intent.id)

    def fail(self, path: str, *, count: int | None = 1) -> None:
        """Answer 500 after the work, and keep that answer under the key."""
        self.sandbox.faults.stripe = Fault(action="fail", after_work=True, path=path, count=count)

    def asked(self, method_and_path: str) -> int:
        return sum(call == method_and_path for call in self.calls)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    start = datetime(2030, 1, 7, 12, tzinfo=UTC)
    made: World | None = None
    config = SandboxConfig()

    def now() -> float:
        return (made.now if made else start).timestamp()

    async with Sandbox(config, now=now) as sandbox:
        gate, calls = sandbox.faults.gates["stripe"], list[str]()
        take = gate.take

        def count(call: str) -> Fault:
            calls.append(call)
            return take(call)

        monkeypatch.setattr(gate, "take", count)
        settings = StripeSettings(stripe_secret_key=config.stripe_secret_key, stripe_api_base=sandbox.http_url)
        circuit = Circuit("Stripe", ManualClock())
        async with open_stripe(settings, circuit) as client:
            made = World(sandbox, client, start, calls)
            yield made


async def test_a_stored_500_whose_work_was_done_is_found_and_not_made_again(world: World) -> None:
    intent_id = await world.paid()
    for number in (1, 2):  # Two refunds of one amount: what tells them apart is their name.
        world.fail(REFUNDS)
        with pytest.raises(Unavailable):
            await world.refund(intent_id, f"ref_{number}")

        seen = await world.refund(intent_id, f"ref_{number}")

        made = world.sandbox.refunds()
        assert len(made) == number
        assert (seen.stripe_refund_id, seen.refund_id, seen.status) == (made[-1].id, f"ref_{number}", "succeeded")


async def test_a_stored_500_of_an_intent_is_found_by_order_and_attempt(world: World) -> None:
    first = await world.intent(attempt=1)
    world.fail(INTENTS)
    with pytest.raises(Unavailable):
        await world.intent(attempt=2)

    second = await world.intent(attempt=2)

    assert [intent.id for intent in world.sandbox.payment_intents()] == [first, second]
    assert await world.intent(attempt=2) == second
    assert len(world.sandbox.payment_intents()) == 2


async def test_a_stored_500_whose_work_was_not_done_is_tried_under_the_next_key_and_always_the_same(
    world: World,
) -> None:
    world.fail(INTENTS)
    with pytest.raises(Unavailable):
        await world.intent()
    world.undo_intents()

    made = await world.intent()

    assert [intent.id for intent in world.sandbox.payment_intents()] == [made]
    (event,) = (event for event in world.sandbox.events() if made in bytes(event.data.object).decode())
    assert event.request.idempotency_key == f"{ORDER}-1-2"
    assert await world.intent() == made
    world.undo_intents()  # Not even to be found: the second key remembers it.
    assert await world.intent() == made


async def test_keys_are_not_tried_for_ever(world: World) -> None:
    world.fail(INTENTS, count=None)
    for _ in range(MAX_KEYS + 2):
        with pytest.raises(Unavailable):
            await world.intent()
        world.undo_intents()

    assert world.asked(INTENTS) == sum(range(1, MAX_KEYS + 1)) + 2 * MAX_KEYS


async def test_what_is_a_day_old_is_looked_up_and_not_sent_twice(world: World) -> None:
    intent_id = await world.paid()
    first = await world.refund(intent_id)
    world.now += timedelta(hours=25)

    assert await world.refund(intent_id, is_old=True) == first
    assert len(world.sandbox.refunds()) == 1
    assert await world.intent(is_old=True) == intent_id
    assert len(world.sandbox.payment_intents()) == 1

    forgotten = await world.refund(intent_id, is_old=False)  # So would it be without the lookup.
    assert forgotten != first


async def test_what_is_a_day_old_and_not_there_is_made(world: World) -> None:
    intent_id = await world.paid()
    world.now += timedelta(hours=25)

    made = await world.refund(intent_id, is_old=True)

    assert await world.refund(intent_id, is_old=True) == made
    assert [refund.id for refund in world.sandbox.refunds()] == [made.stripe_refund_id]


async def test_a_lookup_reads_as_many_pages_as_it_needs(world: World) -> None:
    first = await world.intent()
    for number in range(2, 253):
        await world.intent(attempt=number)
    world.now += timedelta(hours=25)

    assert await world.intent(is_old=True) == first
    assert world.asked("GET /v1/payment_intents") == 3


async def test_a_refusal_that_is_replayed_from_its_key_is_retried(world: World) -> None:
    """A person has parked it, and put right what was wrong (there was no money in the account, say)."""
    intent_id = await world.paid()
    await world.stripe.refund("ref_all", ORDER, intent_id, eur(AMOUNT), "duplicate", is_old=False)
    with pytest.raises(BadInput, match="already been refunded"):
        await world.refund(intent_id)
    world.sandbox.stripe.fail_refund(world.sandbox.refunds()[0].id)

    assert (await world.refund(intent_id)).status == "succeeded"


async def test_an_intent_is_cancelled_although_a_500_was_stored(world: World) -> None:
    intent_id = await world.intent()
    world.fail("/cancel")
    with pytest.raises(Unavailable):
        await world.stripe.cancel_intent(intent_id)

    assert (await world.stripe.cancel_intent(intent_id)).status == "canceled"
    assert (await world.stripe.cancel_intent(await world.intent(attempt=2))).status == "canceled"


async def test_the_list_is_read_page_by_page_and_within_its_window(world: World) -> None:
    start = world.now
    for number in range(1, 121):
        world.now = start + timedelta(seconds=number)
        await world.intent(attempt=number)
    window = Window(
        created_from=start + timedelta(seconds=11), created_to=start + timedelta(seconds=119), planned_at=start
    )

    first = await world.stripe.intents(window)
    second = await world.stripe.intents(
        Window(created_from=window.created_from, created_to=window.created_to, planned_at=start, after=first.after)
    )

    assert [seen.attempt for seen in (*first.intents, *second.intents)] == list(range(119, 10, -1))
    assert {seen.order_id for seen in first.intents} == {ORDER}
    assert (len(first.intents), bool(first.after), second.after) == (100, True, "")


async def test_how_long_stripe_wants_to_be_left_alone_is_passed_on(world: World) -> None:
    world.sandbox.faults.stripe = Fault(action="rate_limit", retry_after_s=17)

    with pytest.raises(Unavailable) as limited:
        await world.intent()

    assert limited.value.retry_after_s == 17


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (400, {}, BadInput),
        (402, {}, BadInput),
        (404, {}, BadInput),
        (401, {}, Unavailable),
        (403, {}, Unavailable),
        (408, {}, Unavailable),
        (409, {}, Unavailable),
        (425, {}, Unavailable),
        (429, {}, Unavailable),
        (500, {}, Unavailable),
        (503, {}, Unavailable),
        (None, {}, Unavailable),
        (200, {}, Unavailable),  # And its body was no JSON.
        (400, {"Stripe-Should-Retry": "true"}, Unavailable),
        (409, {"Stripe-Should-Retry": "false"}, BadInput),
        (429, {"stripe-should-retry": "false"}, BadInput),
        (500, {"Stripe-Should-Retry": "false"}, Unavailable),
        (400, {"Stripe-Should-Retry": "perhaps"}, BadInput),
    ],
)
def test_an_error_says_what_to_do(status: int | None, headers: Mapping[str, str], kind: type[Exception]) -> None:
    error = translate(stripe.StripeError("no", http_status=status, headers=dict(headers)))

    assert type(error) is kind


def test_an_error_says_when_to_come_back() -> None:
    headers = {"Retry-After": "Mon, 07 Jan 2030 12:01:00 GMT", "Date": "Mon, 07 Jan 2030 12:00:00 GMT"}
    error = translate(stripe.StripeError("no", http_status=503, headers=headers))

    assert isinstance(error, Unavailable)
    assert error.retry_after_s == 60


async def test_shillings_are_hundredths_at_stripe_and_come_back_as_shillings(world: World) -> None:
    since, amount = datetime(2030, 1, 7, 12, tzinfo=UTC), Money(amount=5615, currency="UGX")

    made = await world.stripe.create_intent(ORDER, 1, amount, since=since, is_old=False)
    found = await world.stripe.create_intent(ORDER, 1, amount, since=since, is_old=True)
    seen = (await world.stripe.intents(Window(created_from=since, created_to=since, planned_at=since))).intents

    assert [intent.amount for intent in world.sandbox.payment_intents()] == [561500]
    assert made.amount == amount
    assert found.intent_id == made.intent_id
    assert [(intent.amount, intent.problem) for intent in seen] == [(amount, "")]


async def test_a_refund_is_in_stripes_unit_too(world: World) -> None:
    since, amount = datetime(2030, 1, 7, 12, tzinfo=UTC), Money(amount=5615, currency="ISK")
    intent_id = (await world.stripe.create_intent(ORDER, 1, amount, since=since, is_old=False)).intent_id
    await world.pay(intent_id)

    part = Money(amount=15, currency="ISK")
    await world.stripe.refund("ref_1", ORDER, intent_id, part, "not_deliverable", is_old=False)

    assert [refund.amount for refund in world.sandbox.refunds()] == [1500]


async def test_what_stripe_would_refuse_for_its_last_digit_is_not_sent(world: World) -> None:
    since, amount = datetime(2030, 1, 7, 12, tzinfo=UTC), Money(amount=1234, currency="KWD")

    with pytest.raises(BadInput, match=r"KWD 1\.234"):
        await world.stripe.create_intent(ORDER, 1, amount, since=since, is_old=False)

    assert world.calls == []
