"""`expand`: what Stripe knows is put in, what it does not know is refused before anything is done."""

import pytest
import stripe

from sandbox.stripe.expand import FIELDS, check
from tests.sandbox.world import PUBLISHABLE_KEY, SECRET_KEY, World, open_world

AUTHORIZED = {"Authorization": f"Bearer {SECRET_KEY}"}


async def get(world: World, path: str, *expand: str) -> tuple[int, dict[str, object]]:
    params = [("expand[]", name) for name in expand]
    async with world.http.get(path, params=params, headers=AUTHORIZED) as answer:
        return answer.status, await answer.json()


def test_every_object_to_put_in_is_one_that_can_be_expanded_itself() -> None:
    assert {kind for fields in FIELDS.values() for kind in fields.values() if kind} <= set(FIELDS)
    for kind, fields in FIELDS.items():
        for name in fields:
            check([name], kind, is_list=False)
            check([f"data.{name}"], kind, is_list=True)


async def test_objects_are_put_in_however_deep() -> None:
    async with open_world() as world:
        paid = await world.paid()
        await world.refunds.create_async({"payment_intent": paid.id, "amount": 100})

        intent = await world.intents.retrieve_async(
            paid.id, {"expand": ["latest_charge.refunds", "payment_method", "customer", "review", "latest_charge"]}
        )
        refund = (await world.refunds.list_async({"expand": ["data.charge.payment_intent"]})).data[0]

        assert isinstance(intent.latest_charge, stripe.Charge)
        assert intent.latest_charge.refunds is not None
        assert [item.amount for item in intent.latest_charge.refunds.data] == [100]
        assert isinstance(intent.payment_method, stripe.PaymentMethod)
        assert (intent.payment_method.id, intent.customer, intent.review) == ("pm_card_visa", None, None)
        assert isinstance(refund.charge, stripe.Charge)
        assert isinstance(refund.charge.payment_intent, stripe.PaymentIntent)
        assert refund.charge.payment_intent.id == paid.id


@pytest.mark.parametrize(
    ("path", "expand", "message"),
    [
        ("/v1/payment_intents/{id}", "metadata", "(metadata)."),
        ("/v1/payment_intents/{id}", "latest_charge.colour", "(latest_charge.colour)."),
        ("/v1/payment_intents/{id}", "data.latest_charge", "(data)."),
        (
            "/v1/payment_intents",
            "latest_charge",
            "(latest_charge). You may want to try expanding 'data.latest_charge' instead.",
        ),
        ("/v1/disputes", "data.colour", "(colour)."),
        (
            "/v1/payment_intents/{id}",
            "latest_charge.payment_intent.latest_charge.payment_intent.customer",
            "(latest_charge.payment_intent.latest_charge.payment_intent.customer).",
        ),
    ],
)
async def test_what_stripe_does_not_know_is_refused_in_its_words(path: str, expand: str, message: str) -> None:
    async with open_world() as world:
        paid = await world.paid()
        status, body = await get(world, path.format(id=paid.id), expand)
        assert status == 400
        error = body["error"]
        assert isinstance(error, dict)
        assert error["message"] == f"This property cannot be expanded {message}"


async def test_a_refused_path_does_nothing() -> None:
    async with open_world() as world:
        with pytest.raises(stripe.InvalidRequestError):
            await world.intents.create_async({"amount": 1000, "currency": "eur", "expand": ["colour"]})
        assert world.sandbox.payment_intents() == []
        status, _ = await get(world, "/v1/payment_intents", "data")
        assert status == 200


async def test_a_browser_is_shown_no_more_than_before() -> None:
    async with open_world() as world:
        paid = await world.paid()
        params = {"key": PUBLISHABLE_KEY, "client_secret": paid.client_secret or "", "expand[]": "latest_charge"}
        async with world.http.get(f"/v1/payment_intents/{paid.id}", params=params) as answer:
            assert (answer.status, "latest_charge" in await answer.json()) == (200, False)
