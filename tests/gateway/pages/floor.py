"""The warehouse's people and orders, for tests of their screens on the real program."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp
import pyotp
from playwright.async_api import BrowserContext

from engine.clock import SystemClock
from tests.journeys.process import Program
from tests.waiting import eventually

PASSWORD = "a heron by the lake"
ADDRESS = {"line1": "Lindenweg 4", "city": "Basel", "postal_code": "4051", "country": "CH"}


@dataclass(frozen=True)
class Paid:
    """A paid order whose pick list is open."""

    id: str
    number: str


async def session_of(running: Program, role: str, email: str = "") -> str:
    """The session of a new person of a role, with a second factor where there must be one."""
    said = await running.good("staff", "add", email or f"{role}@shop.example", "--role", role)
    link = re.search(r"inv_[\w-]+", said)
    assert link is not None, said
    body = {"token": link[0], "password": PASSWORD}
    joined = await running.ask("PUT", "/admin/api/invitations?token=true", body)
    assert joined.status == 201, joined
    token = str(joined.body["token"])
    signed = {"Authorization": f"Bearer {token}"}
    begun = await running.ask("POST", "/admin/api/me/totp", **signed)
    code = pyotp.TOTP(begun.body["secret"]).at(SystemClock().now())
    assert (await running.ask("PUT", "/admin/api/me/totp", {"code": code}, **signed)).status == 200
    return token


async def sign_in(context: BrowserContext, running: Program, session: str) -> None:
    """Let a browser be somebody."""
    await context.add_cookies([{"name": "staff", "value": session, "url": running.url}])


async def buy(running: Program, session: str, **units: int) -> Paid:
    """Buy and pay units, and wait until staff see that they are to be picked."""
    cart = (await running.ask("POST", "/carts")).body["id"]
    for sku, quantity in units.items():
        line = f"/carts/{cart}/lines/{sku.replace('_', '-')}"
        assert (await running.ask("PUT", line, {"quantity": quantity})).status == 200
    buyer = {"email": "ann@example.com", "name": "Ann Miller", "address": ADDRESS, "shipping_method": "standard"}
    bought = await running.ask("POST", f"/carts/{cart}/checkout", buyer, Idempotency_Key=f"buy-{cart}")
    assert bought.status == 201, bought
    payment = bought.body["payment"]
    form = {
        "key": payment["publishable_key"],
        "client_secret": payment["client_secret"],
        "payment_method": "pm_card_visa",
    }
    stripe = await running.sandbox()
    url = f"{stripe}/v1/payment_intents/{payment['intent']}/confirm"
    async with aiohttp.ClientSession() as http, http.post(url, data=urlencode(form), headers=_FORM) as answer:
        assert answer.status == 200, await answer.text()
    order, signed = bought.body["order"], {"Authorization": f"Bearer {session}"}

    async def is_open() -> bool:
        found = await running.ask("GET", f"/admin/api/pick-lists/{order['id']}", **signed)
        return found.status == 200 and found.body["items"][0]["status"] == "open"

    assert await eventually(is_open)
    return Paid(order["id"], order["number"])


async def status_of(running: Program, session: str, order: Paid) -> str:
    """How far an order is, as staff see it."""
    found = await running.ask("GET", f"/orders/{order.id}", Authorization=f"Bearer {session}")
    return str(found.body["status"])


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
