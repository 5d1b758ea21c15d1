"""Canaries: what names a person, looked for in everything that a shop writes down. The sandbox, which is the world
outside, keeps its mailbox beside it and is left aside.
"""

import asyncio
import mmap
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import aiohttp
import msgspec
import pytest
from redis.asyncio import Redis

from sandbox.core.webhooks import signature
from testkit.people import payment_form
from tests.journeys.process import Answer, Program, program
from tests.waiting import eventually
from wiring.sandbox_process import read_secrets

BUYER: Final = {
    "name": "Wilhelmine Canarybird",
    "email": "wilhelmine.canary@canary-mailbox.example",
    "line1": "77 Canaryfeather Street",
    "phone": "+493012345677",
    "city": "Canaryville",
}
TOLD: Final = "left with Mrs Neighbourcanary"
TOKEN: Final = "canary-secret-hunter2-token"
CARD: Final = "4242424242421238"
CANARIES: Final = (*BUYER.values(), "wilhelmine", "canarybird", "canary-mailbox", TOLD, TOKEN, CARD)
MOST: Final = 1 << 34  # Bytes of a file: more would be no test's.


@pytest.fixture
async def shop() -> AsyncIterator[Program]:
    async with program(SHOPFLOW_LOG="debug", SHOPFLOW_TRIES="2", SHOPFLOW_TRIES_AWAY="2") as made:
        await made.start()
        yield made


async def check_out(shop: Program, **changes: object) -> Answer:
    cart = await shop.cart_with("MUG-BLUE")
    address = {"line1": BUYER["line1"], "city": BUYER["city"], "postal_code": "10115", "country": "DE"}
    delivery = {name: BUYER[name] for name in ("name", "email", "phone")}
    body = {**delivery, "address": address, "shipping_method": "standard", **changes}
    return await shop.ask("POST", f"/carts/{cart}/checkout", body, Idempotency_Key=f"canary-{cart}")


async def pay(shop: Program, placed: Answer) -> None:
    payment, config = placed.body["payment"], (await shop.ask("GET", "/config")).body["stripe"]
    form = payment_form(config["publishable_key"], payment["client_secret"], "pm_card_visa")
    url = f"{config['api_base']}/v1/payment_intents/{payment['intent']}/confirm"
    async with aiohttp.ClientSession() as http, http.post(url, data=form) as answer:
        assert answer.status == 200


async def tell_of_parcel(shop: Program, tracking_number: str) -> None:
    """The carrier writes who took the parcel."""
    secret = read_secrets(shop.data / "sandbox").carrier_secret
    body = {"id": "evt_canary", "tracking_number": tracking_number, "status": "exception",
            "at": "2026-01-01T00:00:00Z", "detail": TOLD}  # fmt: skip
    raw = msgspec.json.encode(body)
    headers = {
        "Shipping-Signature": signature(secret, raw.decode(), int(time.time())),
        "Content-Type": "application/json",
    }
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{shop.url}/webhooks/shipping", data=raw, headers=headers) as answer,
    ):
        assert answer.status == 200


async def test_no_canary_is_found_anywhere(shop: Program) -> None:
    staff = {"Authorization": f"Bearer {(await shop.run('token')).out.strip()}"}
    refuse = {"action": "fail", "status": 550, "count": 2}
    assert (await shop.ask("PUT", f"{await shop.sandbox()}/sandbox/faults/smtp", refuse)).status == 200

    placed = await check_out(shop)
    assert placed.status == 201, placed
    assert (await check_out(shop, email=f"{BUYER['email']} and another")).status == 422
    assert (await check_out(shop, card=CARD)).status == 422
    assert (
        await shop.ask("GET", f"/orders/{placed.body['order']['id']}", Authorization=f"Bearer {TOKEN}")
    ).status == 404
    await pay(shop, placed)
    order_id = placed.body["order"]["id"]

    async def order() -> dict[str, object]:
        return dict((await shop.ask("GET", f"/orders/{order_id}", **staff)).body)

    async def is_paid() -> bool:
        return (await order())["status"] == "paid"

    await eventually(is_paid)
    for step in ("pick", "pack", "ship"):
        assert (await shop.ask("POST", f"/admin/api/pick-lists/{order_id}/{step}", **staff)).status == 200

    async def tracking() -> str:
        found = (await order())["tracking"]
        return str(found["tracking_number"]) if isinstance(found, dict) else ""

    await tell_of_parcel(shop, await eventually(tracking))

    async def told() -> bool:
        return TOLD in str((await order())["timeline"])

    await eventually(told)  # Staff read it; nobody else can.
    assert (await order())["buyer"]["email"] == BUYER["email"]  # type: ignore[index]

    for word in (BUYER["email"], "Canarybird", BUYER["phone"]):
        found_by = (await shop.ask("GET", f"/admin/api/orders?{urlencode({'q': word})}", **staff)).body["items"]
        assert [each["id"] for each in found_by] == [order_id]

    async def letters() -> list[object]:
        return list((await shop.ask("GET", "/admin/api/dead-letters", **staff)).body["items"])

    parked = await eventually(letters)
    assert (await shop.ask("GET", "/admin/api/audit", **staff)).body["findings"] == []
    metrics = (await shop.ask("GET", f"{shop.operations}/metrics")).body
    await save(shop)
    await shop.stop()

    seen = {"log": shop.log, "metrics": str(metrics), "dead letters": str(parked)}
    found = [f"{canary}: {place}" for place, text in seen.items() for canary in CANARIES if canary in text]
    assert await asyncio.to_thread(found_in, shop.data, [placed.body["order"]["number"]])  # It looks where orders are.
    found += await asyncio.to_thread(found_in, shop.data, CANARIES)
    assert found == []


async def save(shop: Program) -> None:
    async with Redis(unix_socket_path=str(shop.data / "valkey" / "valkey.sock")) as redis:
        await redis.save()


def files(data: Path) -> Iterator[Path]:
    """All that the shop and its servers keep: tables, their log, Valkey's dump, the index, pictures, keys."""
    for path in data.rglob("*"):
        if path.is_file() and "sandbox" not in path.relative_to(data).parts:
            yield path


def found_in(data: Path, words: Sequence[str]) -> list[str]:
    return [hit for file in files(data) for hit in hits(file, words)]


def hits(file: Path, words: Sequence[str]) -> Iterator[str]:
    size = file.stat().st_size
    assert size < MOST
    if not size:
        return
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield from (f"{word}: {file}" for word in words if content.find(word.encode()) >= 0)
