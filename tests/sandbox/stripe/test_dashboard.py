"""Refunds that begin in Stripe's dashboard: the shop is told, and was not asked."""

import pytest
import stripe

from sandbox.stripe.errors import StripeError
from tests.sandbox.world import World, open_world


def types(world: World) -> list[str]:
    return [event.type for event in world.sandbox.events()]


async def test_a_refund_in_the_dashboard_is_told_like_any_and_knows_nothing_of_the_shop() -> None:
    async with open_world() as world:
        paid = await world.paid(3390)
        before = len(world.sandbox.events())

        given = world.sandbox.stripe.refund_in_dashboard(paid.id, 1000, "requested_by_customer")

        assert types(world)[before:] == ["refund.created", "charge.refunded", "refund.updated"]
        assert (given.amount, given.metadata, given.reason) == (1000, {}, "requested_by_customer")
        assert {event.request.id for event in world.sandbox.events()[before:]} == {None}
        (charge,) = world.sandbox.charges()
        assert (charge.amount_refunded, charge.refunded) == (1000, False)
        told = [webhook.body for webhook in await world.shop.wait(4)]
        assert sum('"type":"charge.refunded"' in body for body in told) == 1
        with pytest.raises(stripe.InvalidRequestError, match=r"\(€33\.90\) is greater than .* \(€23\.90\)"):
            await world.refunds.create_async({"payment_intent": paid.id, "amount": 3390})


async def test_over_http_it_takes_a_charge_or_a_payment_and_an_amount_or_none() -> None:
    async with open_world() as world:
        paid = await world.paid(1000)
        path = f"/sandbox/charges/{world.sandbox.charges()[0].id}/refund"

        async with world.http.post(path, json={"amount": 400, "reason": "duplicate"}) as answer:
            part = await answer.json()
        async with world.http.post(f"/sandbox/charges/{paid.id}/refund") as answer:
            rest = await answer.json()

        assert (part["amount"], part["reason"], rest["amount"]) == (400, "duplicate", 600)
        async with world.http.post(path) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (400, "charge_already_refunded")
        for body in ({"amount": 0}, {"amount": "all"}, {"reason": "because"}, {"colour": "red"}):
            async with world.http.post(path, json=body) as answer:
                assert answer.status == 422, body
        async with world.http.post("/sandbox/charges/ch_nothing/refund") as answer:
            assert answer.status == 404


async def test_what_was_not_paid_is_not_given_back() -> None:
    async with open_world() as world:
        made = await world.intent()
        with pytest.raises(StripeError):
            world.sandbox.stripe.refund_in_dashboard(made.id)
        with pytest.raises(stripe.CardError):
            await world.intents.confirm_async(made.id, {"payment_method": "pm_card_chargeDeclined"})
        with pytest.raises(StripeError):
            world.sandbox.stripe.refund_in_dashboard(made.id)
        assert world.sandbox.refunds() == []


async def test_refunds_are_listed_by_charge_and_shown_within_it_when_asked_for() -> None:
    async with open_world() as world:
        paid, _ = await world.paid(), await world.paid()
        given = world.sandbox.stripe.refund_in_dashboard(paid.id, 100)
        world.sandbox.stripe.refund_in_dashboard(world.sandbox.charges()[1].id, 200)

        listed = await world.refunds.list_async({"charge": given.charge})
        charge = await world.client.v1.charges.retrieve_async(given.charge, {"expand": ["refunds"]})

        assert [refund.id for refund in listed.data] == [given.id]
        assert charge.refunds is not None
        assert [refund.id for refund in charge.refunds.data] == [given.id]
