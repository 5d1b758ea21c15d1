"""Who comes to the shop, over HTTP as they do: buyers, staff, and those who send webhooks."""

import asyncio
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any, TypeVar

import aiohttp
import msgspec
from multidict import CIMultiDictProxy
from yarl import URL

from bus.messages.staff import KEYS
from cli.program_tokens import make_token
from sandbox.core.webhooks import signature
from testkit import ShopUnderTest
from testkit.people import DELIVERY

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What the shop said."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Json:
        return msgspec.json.decode(self.body, type=Json)

    @property
    def good(self) -> Json:
        """The content of an answer that must be a yes."""
        assert 200 <= self.status < 300, f"{self.status} {self.body.decode()}"
        return self.json

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code of an answer that must be a no, as RFC 9457 wants it."""
        assert self.status >= 300, f"{self.status} {self.body.decode()}"
        assert self.headers["Content-Type"] == "application/problem+json"
        problem = self.json
        assert problem["status"] == self.status
        assert {"type", "title", "detail"} <= problem.keys()
        return self.status, problem["code"]


@dataclass(frozen=True)
class Purchase:
    """An order that was placed, with what its buyer has in hand."""

    cart: str
    key: str
    order: str
    number: str
    token: str
    intent: str
    client_secret: str
    total: int


class Visitor:
    """Anybody: asks, and gets an answer, whatever it is."""

    def __init__(self, shop: ShopUnderTest, http: aiohttp.ClientSession, token: str = "") -> None:
        self.shop = shop
        self.http = http
        self.token = token

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        token: str | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        follow: bool = True,
    ) -> Answer:
        """Send one request; `raw` goes out as it is, `body` as JSON. Redirects are followed, or shown."""
        sent = dict(headers or {})
        token = self.token if token is None else token
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if key:
            sent["Idempotency-Key"] = key
        if body is not None:
            raw = msgspec.json.encode(body)
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        url = URL(self.shop.url + path, encoded=True)  # As it is written: `..` and %2e go out like that.
        data = None if raw is None else BytesIO(raw)  # What is large is sent piece by piece.
        async with self.http.request(method, url, data=data, headers=sent, allow_redirects=follow) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, *, token: str | None = None) -> Answer:
        return await self.ask("GET", path, token=token)

    async def available(self, sku: str) -> int:
        """As the product's page shows it. (Under test each product is one SKU of the same name.)"""
        inventory = (await self.get(f"/products/{sku}/inventory")).good
        return int(inventory["skus"][0]["available"])


class Customer(Visitor):
    """Fills carts, checks out, pays and looks what became of it."""

    email = "ada@example.com"

    def delivery(self, **changes: object) -> Json:
        """The body of a checkout."""
        return {**DELIVERY, "email": self.email, **changes}

    async def new_cart(self) -> str:
        return str((await self.ask("POST", "/carts")).good["id"])

    async def put(self, cart: str, sku: str, quantity: object) -> Answer:
        return await self.ask("PUT", f"/carts/{cart}/lines/{sku}", {"quantity": quantity})

    async def fill_cart(self, **lines: int) -> str:
        """A new cart, with these SKUs."""
        cart = await self.new_cart()
        for sku, quantity in lines.items():
            _ = (await self.put(cart, sku, quantity)).good
        return cart

    async def check_out(self, cart: str, *, key: str, **changes: object) -> Answer:
        return await self.ask("POST", f"/carts/{cart}/checkout", self.delivery(**changes), key=key)

    async def order(self, **lines: int) -> Purchase:
        """From an empty cart to an order that waits for its payment."""
        return await self.place(await self.fill_cart(**lines), key=new_key())

    async def place(self, cart: str, *, key: str, **changes: object) -> Purchase:
        placed = purchase(cart, key, await self.check_out(cart, key=key, **changes))
        await self.shop.clock.at_rest()
        return placed

    async def confirm(self, bought: Purchase, card: str = "pm_card_visa") -> int:
        """Pay at Stripe's, as the browser does; gives Stripe's status."""
        url, form = self.shop.confirmation(bought.intent, bought.client_secret, card)
        async with self.http.post(url, data=form) as answer:
            return answer.status

    async def pay(self, bought: Purchase, card: str = "pm_card_visa") -> int:
        """Pay, and let come of it what does."""
        return await self.shop.pay(bought.intent, bought.client_secret, card)

    async def buy(self, **lines: int) -> Purchase:
        """From an empty cart to an order that is paid."""
        bought = await self.order(**lines)
        assert await self.pay(bought) == 200
        assert await self.status(bought) == "paid"
        return bought

    async def read(self, bought: Purchase) -> Json:
        return (await self.get(f"/orders/{bought.order}", token=bought.token)).good

    async def status(self, bought: Purchase) -> str:
        return str((await self.read(bought))["status"])

    async def timeline(self, bought: Purchase) -> list[str]:
        return [moment["event"] for moment in (await self.read(bought))["timeline"]]

    async def cancel(self, bought: Purchase) -> Answer:
        answer = await self.ask("POST", f"/orders/{bought.order}/cancel", token=bought.token)
        await self.shop.settle()
        return answer


class Staff(Visitor):
    """Whoever works here."""

    async def step(self, bought: Purchase, step: str) -> Answer:
        """Pick, pack or ship; then let come of it what does."""
        answer = await self.ask("POST", f"/admin/api/pick-lists/{bought.order}/{step}")
        await self.shop.settle()
        return answer

    async def send_off(self, bought: Purchase) -> str:
        """All that the warehouse does; gives the parcel's number."""
        for step in ("pick", "pack", "ship"):
            _ = (await self.step(bought, step)).good
        order = (await self.get(f"/orders/{bought.order}")).good
        return str(order["tracking"]["tracking_number"])

    async def refund(self, bought: Purchase, amount: object = None, *, key: str = "") -> Answer:
        body = {} if amount is None else {"amount": amount}
        answer = await self.ask("POST", f"/admin/api/orders/{bought.order}/refunds", body, key=key or new_key())
        await self.shop.settle()
        return answer

    async def stock(self, sku: str) -> tuple[int, int]:
        """Units that are not sold, and what is held of them."""
        books = (await self.get(f"/admin/api/stock/{sku}")).good
        return books["on_hand"] - books["assigned"], books["held"]

    async def count(self, sku: str, on_hand: int) -> Answer:
        return await self.ask("PUT", f"/admin/api/stock/{sku}", {"on_hand": on_hand})

    async def findings(self) -> list[Json]:
        """What does not add up."""
        audit = (await self.get("/admin/api/audit")).good
        assert set(audit["checked"]) == {
            "stock", "money", "orders", "pictures", "categories", "search", "mails", "answers", "deliveries", "levels",
            "live", "views", "acts", "erasures",
        }  # fmt: skip
        return list(audit["findings"])

    async def dead_letters(self) -> list[Json]:
        return list((await self.get("/admin/api/dead-letters")).good["items"])

    async def stuck_money(self) -> list[Json]:
        return list((await self.get("/admin/api/stuck-money")).good["items"])

    async def follow(self, remedy: Json) -> None:
        """Do the one request that a stuck item names."""
        _ = (await self.ask(remedy["method"], remedy["path"], remedy["body"], key=new_key())).good
        await self.shop.settle()


async def all_is_well(staff: Staff) -> None:
    """Everything adds up, and nothing waits for a person."""
    assert await staff.findings() == []
    assert await staff.dead_letters() == []


def purchase(cart: str, key: str, answer: Answer) -> Purchase:
    """What a checkout was answered."""
    content = answer.good
    return Purchase(
        cart=cart,
        key=key,
        order=content["order"]["id"],
        number=content["order"]["number"],
        token=content["access_token"],
        intent=content["payment"]["intent"],
        client_secret=content["payment"]["client_secret"],
        total=content["payment"]["amount"]["amount"],
    )


async def staff_token(
    shop: ShopUnderTest, *, valid_for: timedelta = timedelta(days=30), label: str = "test", keys: Sequence[str] = KEYS
) -> str:
    """A token of a program; without keys it may everything."""
    return (await make_token(shop.inside.bus, label=label, keys=keys, valid_for=valid_for))[0]


async def sql(shop: ShopUnderTest, statements: str, *parameters: object) -> None:
    """What only somebody with the database's password does."""
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        await tx.execute(statements, *parameters)


async def forget_answers(shop: ShopUnderTest, *, ago: timedelta = timedelta()) -> list[str]:
    """Leave what a process leaves that died while it did a request: claims without an answer. Gives their tokens."""
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        claims = await tx.fetch(
            "update gateway.answers set status = null, content = null, claimed_at = $1 returning token", tx.now - ago
        )
    return [claim["token"] for claim in claims]


def new_key() -> str:
    return secrets.token_hex(8)


async def at_once(*asks: Coroutine[Any, Any, T]) -> list[T]:
    """Several people in the same moment."""
    async with asyncio.timeout(30):
        return list(await asyncio.gather(*asks))


def mails_of(shop: ShopUnderTest) -> list[str]:
    """The templates of what was sent, the oldest first; each mail has come once.

    A Message-ID is made of event and template, so two mails with one id are one mail that came twice.
    """
    ids = [mail.message_id for mail in shop.mails()]
    assert len(ids) == len(set(ids)), "a mail came twice"
    return [message_id.partition("@")[0].rpartition(".")[2] for message_id in ids]


# --- Webhooks, true and forged ---


def intent_event(
    kind: str, intent: str, amount: int, *, event: str = "", currency: str = "eur", created: int = 1_893_400_000
) -> Json:
    """An event of Stripe's about a payment intent."""
    return {
        "id": event or f"evt_{secrets.token_hex(8)}",
        "object": "event",
        "type": kind,
        "created": created,
        "data": {
            "object": {
                "id": intent,
                "object": "payment_intent",
                "amount": amount,
                "amount_received": amount if kind.endswith("succeeded") else 0,
                "currency": currency,
                "status": kind.rpartition(".")[2],
                "metadata": {},
                "last_payment_error": None,
            }
        },
    }


def scan(tracking_number: str, status: str, *, scan_id: str = "", at: str = "2030-01-07T13:00:00Z") -> Json:
    """A carrier's news of a parcel."""
    scan_id = scan_id or f"scan_{secrets.token_hex(8)}"
    return {"id": scan_id, "tracking_number": tracking_number, "status": status, "at": at, "detail": ""}


def webhook_body(content: Json) -> str:
    """As it is sent and signed."""
    return msgspec.json.encode(content).decode()


async def send_webhook(
    visitor: Visitor, content: Json, *, late_s: int = 0, secret: str = "", header: str = "", by: str = "stripe"
) -> Answer:
    """Send a webhook as Stripe (or the carrier) would, or nearly so; let come of it what does.

    Args:
        visitor: Who sends it.
        content: Its JSON.
        late_s: How long ago it was signed; negative is in the future.
        secret: With what it was signed; the right one unless told otherwise.
        header: A signature header to send instead.
        by: Or "shipping".
    """
    shop, body = visitor.shop, webhook_body(content)
    outside = shop.inside.integrations
    right = outside.stripe.stripe_webhook_secret if by == "stripe" else outside.carrier.carrier_webhook_secret
    signed_at = int(shop.clock.now().timestamp()) - late_s
    header = header or signature(secret or right, body, signed_at)
    answer = await visitor.ask(
        "POST", f"/webhooks/{by}", raw=body.encode(), headers={f"{by.title()}-Signature": header}, token=""
    )
    await shop.settle()
    return answer


async def fail_refunds(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    """The buyer's bank sends all refunded money back."""
    for refund in shop.sandbox.refunds():
        async with http.post(f"{shop.sandbox.http_url}/sandbox/refunds/{refund.id}/fail") as answer:
            assert answer.status == 200
    await shop.settle()
