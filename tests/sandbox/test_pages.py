"""The sandbox's page: every fact that begins outside the shop is a button, which needs no script."""

import json
import re

import pytest

from tests.sandbox.world import CARRIER_KEY, World, open_world

FORM = re.compile(r'<form method="post" action="([^"]+)">(.*?)</form>', re.DOTALL)
BUTTON = re.compile(r'<button(?: name="(\w+)" value="(\w+)")?>([^<]+)</button>')


async def buttons(world: World) -> dict[str, tuple[str, dict[str, str]]]:
    """What each button sends, and where, by what stands on it."""
    async with world.http.get("/") as page:
        text = await page.text()
    assert "<script" not in text
    return {
        label: (action, {name: value} if name else {})
        for action, inside in FORM.findall(text)
        for name, value, label in BUTTON.findall(inside)
    }


async def press(world: World, label: str, **fields: str) -> None:
    action, form = (await buttons(world))[label]
    async with world.http.post(action, data={**form, **fields}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/"), label


async def test_an_unpaid_payment_has_no_buttons() -> None:
    async with open_world() as world:
        await world.intent()
        assert await buttons(world) == {}


async def test_money_is_given_back_in_part_and_then_in_full() -> None:
    async with open_world() as world:
        await world.paid(1000)
        await press(world, "Refund", amount="400")
        await press(world, "Refund", amount="")
        assert [refund.amount for refund in world.sandbox.refunds()] == [400, 600]
        assert "Refund" not in await buttons(world)


@pytest.mark.parametrize(("label", "status"), [("Dispute won", "won"), ("Dispute lost", "lost")])
async def test_a_dispute_is_opened_and_decided(label: str, status: str) -> None:
    async with open_world() as world:
        await world.paid()
        await press(world, "Dispute")
        assert set(await buttons(world)) == {"Warn of fraud", "Dispute won", "Dispute lost"}
        await press(world, label)
        assert [dispute.status for dispute in world.sandbox.disputes()] == [status]


async def test_an_inquiry_is_closed_or_becomes_a_dispute() -> None:
    async with open_world() as world:
        await world.paid()
        await press(world, "Inquiry")
        assert "Refund" in await buttons(world)
        await press(world, "Close inquiry")
        await press(world, "Inquiry")
        await press(world, "Escalate")
        assert "Refund" not in await buttons(world)
        assert [dispute.status for dispute in world.sandbox.disputes()] == ["warning_closed", "needs_response"]


async def test_a_bank_warns_and_decides_debits() -> None:
    async with open_world() as world:
        await world.paid()
        await press(world, "Warn of fraud")
        waiting = await world.paid(method="pm_success_de")
        await press(world, "Debit fails")
        await world.intents.confirm_async(waiting.id, {"payment_method": "pm_success_de"})
        await press(world, "Debit succeeds")
        assert [intent.status for intent in world.sandbox.payment_intents()] == ["succeeded", "succeeded"]
        assert len(world.sandbox.early_fraud_warnings()) == 1


async def test_a_button_of_another_page_or_one_that_is_late_does_nothing() -> None:
    async with open_world() as world:
        paid = await world.paid()
        path = f"/sandbox/charges/{paid.id}/refund"
        for headers, form, status in (
            ({"Origin": "https://evil.example"}, {}, 403),
            ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {}, 403),
            ({"Origin": "null"}, {}, 403),
            ({}, {"amount": "-5"}, 422),
            ({}, {"colour": "red"}, 422),
            ({}, {"amount": "999999"}, 409),
        ):
            data = form or {"amount": ""}
            async with world.http.post(path, data=data, headers=headers, allow_redirects=False) as answer:
                assert answer.status == status, form
        assert world.sandbox.refunds() == []
        for headers in ({"Origin": world.sandbox.http_url}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}):
            async with world.http.post(path, data={"amount": "1"}, headers=headers) as answer:
                assert answer.status == 200
        assert len(world.sandbox.refunds()) == 2


async def test_a_parcel_is_reported_at_any_status() -> None:
    async with open_world() as world:
        recipient = {"name": "Ada", "line1": "Way 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
        body = {"reference": "order-1", "service": "standard", "weight_g": 500, "recipient": recipient}
        headers = {"Authorization": f"Bearer {CARRIER_KEY}"}
        async with world.http.post("/carrier/v1/shipments", json=body, headers=headers) as answer:
            assert answer.status == 201
        await press(world, "Report", status="return_to_sender")
        await press(world, "Report", status="lost at sea", detail="Storm")
        assert [json.loads(webhook.body)["status"] for webhook in await world.shop.wait(2)] == [
            "return_to_sender", "lost at sea",
        ]  # fmt: skip
        await press(world, "Report", status="delivered")
        assert "Report" not in await buttons(world)
