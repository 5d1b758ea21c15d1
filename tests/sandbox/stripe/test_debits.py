"""Bank debits: asked for today, decided days later."""

import pytest
import stripe

from sandbox.stripe.errors import StripeError
from tests.sandbox.world import PUBLISHABLE_KEY, World, open_world


def types(world: World) -> list[str]:
    return [event.type for event in world.sandbox.events()]


async def test_a_debit_is_processing_until_the_bank_decides_for_it() -> None:
    async with open_world() as world:
        waiting = await world.paid(method="pm_success_de")

        assert (waiting.status, waiting.amount_received) == ("processing", 0)
        (charge,) = world.sandbox.charges()
        assert (charge.status, charge.paid, charge.failure_code) == ("pending", False, None)
        assert types(world)[1:] == ["charge.pending", "payment_intent.processing"]
        await world.pass_time(30 * 24 * 3600)  # Nothing is decided by time alone.
        assert world.sandbox.payment_intents()[0].status == "processing"

        world.sandbox.stripe.settle(waiting.id, succeeded=True)

        after = await world.intents.retrieve_async(waiting.id, {"expand": ["latest_charge"]})
        assert (after.status, after.amount_received) == ("succeeded", 1999)
        assert isinstance(after.latest_charge, stripe.Charge)
        assert (after.latest_charge.id, after.latest_charge.paid) == (charge.id, True)
        assert types(world)[3:] == ["charge.succeeded", "payment_intent.succeeded"]
        assert len(world.sandbox.charges()) == 1
        assert (await world.refunds.create_async({"payment_intent": waiting.id})).status == "succeeded"


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_failed_de", "payment_method_provider_decline"),
        ("pm_insufficientFunds_de", "insufficient_funds"),
        ("pm_sandbox_sepaDebitFails", "insufficient_funds"),
    ],
)
async def test_a_debit_that_fails_leaves_the_payment_to_another_method(method: str, code: str) -> None:
    async with open_world() as world:
        waiting = await world.paid(method=method)

        world.sandbox.stripe.settle(waiting.id, succeeded=False)

        after = await world.intents.retrieve_async(waiting.id)
        assert after.status == "requires_payment_method"
        problem = after.last_payment_error
        assert problem is not None
        assert (problem.code, problem.decline_code, problem.charge) == (code, None, waiting.latest_charge)
        (charge,) = world.sandbox.charges()
        assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, code)
        assert types(world)[3:] == ["charge.failed", "payment_intent.payment_failed"]
        paid = await world.intents.confirm_async(waiting.id, {"payment_method": "pm_card_visa"})
        assert (paid.status, paid.last_payment_error) == ("succeeded", None)


async def test_what_is_processing_is_neither_canceled_nor_confirmed_nor_refunded() -> None:
    async with open_world() as world:
        waiting = await world.paid(method="pm_success_de")
        for refused in (
            world.intents.cancel_async(waiting.id),
            world.intents.confirm_async(waiting.id, {"payment_method": "pm_card_visa"}),
        ):
            with pytest.raises(stripe.InvalidRequestError) as error:
                await refused
            assert (error.value.http_status, error.value.code) == (400, "payment_intent_unexpected_state")
        with pytest.raises(stripe.InvalidRequestError):
            await world.refunds.create_async({"payment_intent": waiting.id})
        assert world.sandbox.payment_intents()[0].status == "processing"


async def test_a_browser_sends_an_iban() -> None:
    async with open_world() as world:
        made = await world.intent()
        form = {
            "key": PUBLISHABLE_KEY,
            "client_secret": made.client_secret or "",
            "payment_method_data[type]": "sepa_debit",
            "payment_method_data[sepa_debit][iban]": "de89 3704 0044 0532 0130 00",
            "payment_method_data[billing_details][name]": "Ada",
        }
        path = f"/v1/payment_intents/{made.id}/confirm"
        wrong = {**form, "payment_method_data[sepa_debit][iban]": "DE00"}
        async with world.http.post(path, data=wrong) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (400, "invalid_bank_account_iban")
        del wrong["payment_method_data[sepa_debit][iban]"]
        async with world.http.post(path, data=wrong) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (400, "parameter_missing")

        async with world.http.post(path, data=form) as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, "processing")
        assert world.sandbox.charges()[0].payment_method == "pm_success_de"


async def test_a_debit_is_for_euros_and_where_the_shop_takes_them() -> None:
    async with open_world() as world:
        dollars = await world.intents.create_async({"amount": 1000, "currency": "usd"})
        cards = await world.intents.create_async(
            {"amount": 1000, "currency": "eur", "allowed_payment_method_types": ["card"]}
        )
        assert dollars.payment_method_types == cards.payment_method_types == ["card"]
        assert (await world.intent()).payment_method_types == ["card", "sepa_debit"]
        for made in (dollars, cards):
            with pytest.raises(stripe.InvalidRequestError, match=r"\(sepa_debit\) is not allowed"):
                await world.intents.confirm_async(made.id, {"payment_method": "pm_success_de"})
        assert world.sandbox.charges() == []


async def test_over_http_the_bank_decides_once() -> None:
    async with open_world() as world:
        waiting, card = await world.paid(method="pm_sandbox_sepaDebit"), await world.paid()
        path = f"/sandbox/payment_intents/{waiting.id}/settle"
        async with world.http.post(path) as answer:
            assert answer.status == 422
        async with world.http.post(path, json={"succeeded": True}) as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, "succeeded")
        for path_ in (path, f"/sandbox/payment_intents/{card.id}/settle"):
            async with world.http.post(path_, json={"succeeded": False}) as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (
                    400, "payment_intent_unexpected_state",
                )  # fmt: skip
        with pytest.raises(StripeError):
            world.sandbox.stripe.settle("pi_nothing", succeeded=True)


async def test_a_debit_may_be_disputed_once_it_succeeds() -> None:
    async with open_world() as world:
        waiting = await world.paid(method="pm_disputed_de")
        assert world.sandbox.disputes() == []
        world.sandbox.stripe.settle(waiting.id, succeeded=True)
        (dispute,) = world.sandbox.disputes()
        assert (dispute.payment_intent, dispute.status) == (waiting.id, "needs_response")
