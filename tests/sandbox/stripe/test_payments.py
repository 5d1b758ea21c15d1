"""Payments through Stripe's own library, and through a browser's eyes."""

import time

import pytest
import stripe

from tests.sandbox.world import PUBLISHABLE_KEY, WEBHOOK_SECRET, open_stripe, open_world


async def test_a_good_card_pays_and_leaves_a_charge() -> None:
    async with open_world() as world:
        made = await world.intents.create_async(
            {
                "amount": 1999,
                "currency": "eur",
                "metadata": {"order_id": "7"},
                "automatic_payment_methods": {"enabled": True},
            }
        )

        paid = await world.intents.confirm_async(
            made.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge"]}
        )

        assert (made.status, paid.status, paid.amount_received) == ("requires_payment_method", "succeeded", 1999)
        assert isinstance(paid.latest_charge, stripe.Charge)
        assert (await world.client.v1.charges.retrieve_async(paid.latest_charge.id)).paid
        assert (await world.intents.retrieve_async(made.id)).metadata["order_id"] == "7"


@pytest.mark.parametrize(
    ("method", "decline_code"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
async def test_a_declined_card_is_402_and_the_intent_takes_another(method: str, decline_code: str) -> None:
    async with open_world() as world:
        made = await world.intent()

        with pytest.raises(stripe.CardError) as refused:
            await world.intents.confirm_async(made.id, {"payment_method": method})

        assert (refused.value.http_status, refused.value.code) == (402, "card_declined")
        assert refused.value.error is not None
        assert refused.value.error.decline_code == decline_code
        after = await world.intents.retrieve_async(made.id)
        assert after.status == "requires_payment_method"
        assert after.last_payment_error is not None
        assert after.last_payment_error.decline_code == decline_code
        assert (await world.intents.confirm_async(made.id, {"payment_method": "pm_card_mastercard"})).status == (
            "succeeded"
        )


@pytest.mark.parametrize(("decision", "status"), [("approve", "succeeded"), ("refuse", "requires_payment_method")])
async def test_a_card_that_asks_waits_for_the_buyer(decision: str, status: str) -> None:
    async with open_world() as world:
        made = await world.intent()
        back = "http://127.0.0.1:1/order?x=1"

        asking = await world.intents.confirm_async(
            made.id, {"payment_method": "pm_card_authenticationRequired", "return_url": back}
        )

        assert asking.status == "requires_action"
        assert asking.next_action is not None
        assert asking.next_action.redirect_to_url is not None
        url = asking.next_action.redirect_to_url.url
        assert url is not None
        async with world.http.get(url) as page:
            assert "Approve" in await page.text()
        form = {"client_secret": made.client_secret, "decision": decision}
        async with world.http.post(url, data=form, allow_redirects=False) as sent_back:
            assert sent_back.headers["Location"].startswith(f"{back}&payment_intent={made.id}")
        assert (await world.intents.retrieve_async(made.id)).status == status


async def test_a_browser_confirms_with_the_client_secret_and_sees_only_what_is_public() -> None:
    async with open_world() as world:
        made = await world.intents.create_async({"amount": 500, "currency": "eur", "metadata": {"order_id": "7"}})
        form = {
            "key": PUBLISHABLE_KEY,
            "client_secret": made.client_secret,
            "payment_method_data[type]": "card",
            "payment_method_data[card][number]": "4242424242424242",
        }

        async with world.http.post(f"/v1/payment_intents/{made.id}/confirm", data=form) as answer:
            seen = await answer.json()

        assert (answer.status, seen["status"]) == (200, "succeeded")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert not {"metadata", "latest_charge", "customer"} & set(seen)


async def test_a_browsers_refusal_hides_the_same_fields() -> None:
    async with open_world() as world:
        made = await world.intent()
        form = {
            "key": PUBLISHABLE_KEY,
            "client_secret": made.client_secret,
            "payment_method": "pm_card_chargeDeclined",
        }

        async with world.http.post(f"/v1/payment_intents/{made.id}/confirm", data=form) as answer:
            error = (await answer.json())["error"]

        assert (answer.status, error["decline_code"]) == (402, "generic_decline")
        assert "metadata" not in error["payment_intent"]


@pytest.mark.parametrize(
    ("method", "path", "secret", "status"),
    [
        ("POST", "/v1/payment_intents/{id}/confirm", "wrong", 400),
        ("GET", "/v1/payment_intents/{id}", None, 400),
        ("POST", "/v1/payment_intents/{id}/cancel", "right", 403),
        ("GET", "/v1/payment_intents", None, 403),
        ("POST", "/v1/refunds", None, 403),
    ],
)
async def test_a_browser_may_do_no_more(method: str, path: str, secret: str | None, status: int) -> None:
    async with open_world() as world:
        made = await world.intent()
        form = {"client_secret": (made.client_secret or "") if secret == "right" else secret} if secret else {}
        headers = {"Authorization": f"Bearer {PUBLISHABLE_KEY}"}
        body = form if method == "POST" else None

        async with world.http.request(method, path.format(id=made.id), headers=headers, data=body) as answer:
            assert answer.status == status

        assert (await world.intents.retrieve_async(made.id)).status == "requires_payment_method"


async def test_a_page_on_another_port_may_ask_first() -> None:
    async with open_world() as world, world.http.options("/v1/payment_intents/pi_1/confirm") as answer:
        assert answer.status == 204
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]


async def test_a_wrong_key_is_401() -> None:
    async with open_world() as world, open_stripe(world.sandbox.http_url, "sk_test_wrong") as stranger:
        with pytest.raises(stripe.AuthenticationError) as refused:
            await stranger.v1.payment_intents.list_async()
        assert refused.value.http_status == 401


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"currency": "eur"}, "amount"),
        ({"amount": "0", "currency": "eur"}, "amount"),
        ({"amount": "100000000", "currency": "eur"}, "amount"),
        ({"amount": "ten", "currency": "eur"}, "amount"),
        ({"amount": "10", "currency": "euro"}, "currency"),
        ({"amount": "1000", "currency": "eur", "shape": "round"}, "shape"),
        ({"amount": "1000", "currency": "eur", "automatic_payment_methods[enabled]": "7"}, "automatic_payment_methods"),
    ],
)
async def test_a_bad_parameter_is_named(form: dict[str, str], param: str) -> None:
    async with open_world() as world:
        headers = {"Authorization": "Bearer sk_test_sandbox"}
        async with world.http.post("/v1/payment_intents", data=form, headers=headers) as answer:
            error = (await answer.json())["error"]

        assert (answer.status, error["type"]) == (400, "invalid_request_error")
        assert error["param"].startswith(param)
        assert world.sandbox.payment_intents() == []


async def test_what_does_not_exist_is_404() -> None:
    async with open_world() as world:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await world.intents.retrieve_async("pi_nothing")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


async def test_a_canceled_intent_takes_no_money_and_a_paid_one_is_not_canceled() -> None:
    async with open_world() as world:
        canceled = await world.intents.cancel_async((await world.intent()).id, {"cancellation_reason": "abandoned"})
        paid = await world.paid()

        assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
        for refused in (
            world.intents.confirm_async(canceled.id, {"payment_method": "pm_card_visa"}),
            world.intents.cancel_async(canceled.id),
            world.intents.cancel_async(paid.id),
            world.intents.confirm_async(paid.id, {"payment_method": "pm_card_visa"}),
        ):
            with pytest.raises(stripe.InvalidRequestError) as error:
                await refused
            assert (error.value.http_status, error.value.code) == (400, "payment_intent_unexpected_state")
        assert len(world.sandbox.charges()) == 1


async def test_refunds_never_give_back_more_than_was_paid() -> None:
    async with open_world() as world:
        paid = await world.paid(1000)

        part = await world.refunds.create_async(
            {"payment_intent": paid.id, "amount": 400, "reason": "requested_by_customer", "metadata": {"line": "1"}}
        )
        with pytest.raises(stripe.InvalidRequestError) as too_much:
            await world.refunds.create_async({"payment_intent": paid.id, "amount": 601})
        rest = await world.refunds.create_async({"payment_intent": paid.id})
        with pytest.raises(stripe.InvalidRequestError) as again:
            await world.refunds.create_async({"payment_intent": paid.id})

        assert (part.amount, part.status, rest.amount) == (400, "succeeded", 600)
        assert (too_much.value.param, again.value.code) == ("amount", "charge_already_refunded")
        listed = await world.refunds.list_async({"payment_intent": paid.id})
        assert [refund.id for refund in listed.data] == [rest.id, part.id]
        metadata = (await world.refunds.retrieve_async(part.id)).metadata
        assert metadata is not None
        assert metadata["line"] == "1"


async def test_a_refund_that_the_bank_sends_back_can_be_tried_again() -> None:
    async with open_world() as world:
        paid = await world.paid(1000, "pm_card_refundFail")

        given = await world.refunds.create_async({"payment_intent": paid.id})

        assert given.status == "succeeded"
        assert (await world.refunds.retrieve_async(given.id)).status == "failed"
        assert (await world.refunds.create_async({"payment_intent": paid.id})).amount == 1000


async def test_an_unpaid_intent_has_nothing_to_refund() -> None:
    async with open_world() as world:
        made = await world.intent()
        with pytest.raises(stripe.InvalidRequestError):
            await world.refunds.create_async({"payment_intent": made.id})


async def test_lists_page_both_ways_and_filter_by_time() -> None:
    async with open_world() as world:
        ids = []
        for _ in range(5):
            ids.append((await world.intent()).id)
            await world.pass_time(10)
        newest_first = ids[::-1]

        first = await world.intents.list_async({"limit": 2})
        second = await world.intents.list_async({"limit": 2, "starting_after": first.data[-1].id})
        back = await world.intents.list_async({"limit": 2, "ending_before": newest_first[3]})
        start = int(world.clock.now) - 50
        recent = await world.intents.list_async({"created": {"gte": start + 20, "lt": start + 40}})
        walked = [intent.id async for intent in (await world.intents.list_async({"limit": 2})).auto_paging_iter()]

        assert ([item.id for item in first.data], first.has_more) == (newest_first[:2], True)
        assert [item.id for item in second.data] == newest_first[2:4]
        assert ([item.id for item in back.data], back.has_more) == (newest_first[1:3], True)
        assert [item.id for item in recent.data] == [ids[3], ids[2]]
        assert walked == newest_first


async def test_events_tell_the_story() -> None:
    async with open_world() as world:
        paid = await world.paid()
        events = (await world.client.v1.events.list_async()).data

        assert [event.type for event in events] == [
            "payment_intent.succeeded",
            "charge.succeeded",
            "payment_intent.created",
        ]
        newest = await world.client.v1.events.retrieve_async(events[0].id)
        assert newest.data.object["id"] == paid.id
        assert newest.pending_webhooks == 1


async def test_events_are_listed_by_type_by_group_or_by_some_types() -> None:
    async with open_world() as world:
        await world.paid()
        events = world.client.v1.events
        lists: list[tuple[stripe.params.EventListParams, int]] = [
            ({"type": "charge.succeeded"}, 1),
            ({"type": "payment_intent.*"}, 2),
            ({"type": "*"}, 3),
            ({"type": "payment"}, 0),
            ({"types": ["charge.succeeded", "payment_intent.created"]}, 2),
            ({"type": "payment_intent.*", "limit": 1}, 1),
        ]
        for params, count in lists:
            assert len((await events.list_async(params)).data) == count, params


async def test_the_librarys_own_check_takes_the_webhook() -> None:
    async with open_world() as world:
        world.clock.now = time.time()
        paid = await world.paid()

        (webhook,) = await world.shop.wait(1)

        event = stripe.Webhook.construct_event(webhook.body, webhook.headers["stripe-signature"], WEBHOOK_SECRET)
        assert (webhook.path, event.type) == ("/webhooks/stripe", "payment_intent.succeeded")
        assert event.data.object["id"] == paid.id


async def test_a_form_that_is_no_form_is_refused_without_harm() -> None:
    async with open_world() as world:
        headers = {"Authorization": "Bearer sk_test_sandbox"}
        for body in (
            "a[b][c][d][e][f][g][h]=1",
            "a=1&a[b]=2",
            "&".join(f"m[{n}]=1" for n in range(600)),
            "\x00%%",
            b"\xff=\xfe",
        ):
            async with world.http.post("/v1/payment_intents", data=body, headers=headers) as answer:
                assert answer.status == 400
