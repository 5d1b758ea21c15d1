"""The steps of `tests/faults/model.py`, taken with a real shop; and everything it says of itself afterwards."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Final, TypeVar

import aiohttp
import msgspec

from bus.messages.audit import Audit
from bus.messages.base import Money
from bus.messages.cart import Cart, CheckedOut, CreateCart, GetCart, RemoveLine, SetLine
from bus.messages.catalog import ImportSkus, SkuRow
from bus.messages.inventory import (
    CountStock,
    GetStock,
    OutOfStock,
    SetOnHand,
    StockBelowHeld,
    StockCount,
    StockRefused,
)
from bus.messages.order import CancelOrder, GetOrder, NotCancellable, Order
from bus.messages.payment import Refund, RefundOrder, RefundRefused
from bus.messages.warehouse import Pack, Pick, PickList, Ship, WrongStep
from engine.errors import BadInput, Unavailable
from engine.message import Command
from engine.testing import ShopUnderTest
from sandbox.webhooks import signature
from tests.faults.model import LISTS, ON_HAND, PRICES, STRIPE_FORGETS_S, Answer
from tests.orders import checkout

R = TypeVar("R")

CARDS: Final = {"good": "pm_card_visa", "bad": "pm_card_chargeDeclined"}
_TRIES = 8  # Of one step: it is killed, or not answered, once.
_LISTENED_TO: Final = ("payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled")


async def audit(shop: ShopUnderTest) -> list[str]:
    """What the shop's auditor finds. The one place that knows how it is asked."""
    audited = await shop.ask(Audit(), timeout_s=60)
    return [f"{finding.rule}: {finding.about}: {finding.detail}" for finding in audited.findings]


async def put_on_the_shelf(shop: ShopUnderTest, names: Sequence[str]) -> None:
    """Goods for scenarios of these names."""
    goods = [(f"{name}-{number}", price) for name in names for number, price in enumerate(PRICES)]
    rows = tuple(
        SkuRow(
            product_id=sku,
            slug=sku.lower(),
            title=sku,
            category="Test",
            description="",
            sku=sku,
            sku_title="",
            price=Money(amount=cents, currency="EUR"),
            weight_g=100,
        )
        for sku, cents in goods
    )
    await shop.ask(ImportSkus(rows=rows))


class Real:
    """One scenario's people in a shop that others have used before: with goods, carts and orders of their own."""

    def __init__(self, shop: ShopUnderTest, http: aiohttp.ClientSession, name: str) -> None:
        self._shop = shop
        self._http = http
        self._name = name
        self._skus = [f"{name}-{number}" for number in range(len(PRICES))]
        self._carts: list[str] = []
        self._orders: list[tuple[str, str, CheckedOut]] = []  # With their carts.
        self._placed_s: list[float] = []
        self._numbers = count(1)
        self._events_before = len(shop.box.events())

    async def begin(self) -> None:
        for sku, on_hand in zip(self._skus, ON_HAND, strict=True):
            await self._shop.ask(SetOnHand(sku=sku, on_hand=on_hand))
        for _ in range(2):
            await self._new_cart()

    async def available(self) -> list[int]:
        levels = (await self._ask(GetStock(skus=tuple(self._skus)))).levels
        return [level.available for level in levels]

    # Carts.

    async def set_line(self, cart: int, sku: int, units: int) -> Answer:
        answer = await self._ask(SetLine(cart_id=self._carts[cart], sku=self._skus[sku], quantity=units))
        if isinstance(answer, StockRefused):
            return "refused", answer.available
        assert isinstance(answer, Cart), answer
        return "held", next(line.quantity for line in answer.lines if line.sku == self._skus[sku])

    async def remove_line(self, cart: int, sku: int) -> Answer:
        answer = await self._ask(RemoveLine(cart_id=self._carts[cart], sku=self._skus[sku]))
        assert isinstance(answer, Cart), answer
        return ("removed",)

    async def check_out(self, cart: int) -> Answer:
        order_id, cart_id = f"ord_{self._name}_{next(self._numbers)}", self._carts[cart]
        answer = await self._ask(checkout(cart_id, order_id))
        if isinstance(answer, OutOfStock):
            return "out of stock", {self._skus.index(line.sku): line.available for line in answer.short}
        if not isinstance(answer, CheckedOut):
            return ("cart empty",)
        self._orders.append((order_id, cart_id, answer))
        self._placed_s.append(self._now_s())
        return "checked out", answer.amount.amount

    async def buy(self, sku: int, units: int) -> Answer:
        await self._new_cart()
        answer = await self.set_line(len(self._carts) - 1, sku, units)
        return answer if answer[0] == "refused" else await self.check_out(len(self._carts) - 1)

    async def check_out_again(self, which: int) -> Answer:
        order_id, cart_id, first = self._orders[which]
        order = await self._ask(GetOrder(order_id=order_id))
        assert isinstance(order, Order)
        if order.status != "cancelled" and self._now_s() - self._placed_s[which] >= STRIPE_FORGETS_S:
            return ("not asked",)
        try:
            answer = await self._ask(checkout(cart_id, order_id))
        except BadInput:
            return ("cancelled meanwhile",)
        assert answer == first, "a repeat has another answer"
        return "checked out", first.amount.amount

    async def _new_cart(self) -> None:
        self._carts.append((await self._ask(CreateCart())).id)

    # Money.

    async def pay(self, which: int, card: str) -> Answer:
        *_, placed = self._orders[which]
        form = {
            "key": self._shop.inside.outside.stripe.stripe_publishable_key,
            "client_secret": placed.client_secret,
            "payment_method": CARDS[card],
        }
        url = f"{self._shop.box.http_url}/v1/payment_intents/{placed.intent_id}/confirm"

        async def attempt() -> int | None:
            async with self._http.post(url, data=form) as answer:
                return answer.status if answer.status < 500 and answer.status != 429 else None

        return ({200: "paid", 402: "declined", 400: "not payable"}[await self._patiently(attempt)],)

    async def cancel(self, which: int) -> Answer:
        answer = await self._ask(CancelOrder(order_id=self._orders[which][0], reason="customer"))
        if isinstance(answer, NotCancellable):
            return "not cancellable", answer.status
        assert isinstance(answer, Order), answer
        return (answer.status,)

    async def refund(self, which: int, amount: int) -> Answer:
        refund_id = f"ref_{self._name}_{next(self._numbers)}"
        answer = await self._ask(RefundOrder(order_id=self._orders[which][0], refund_id=refund_id, amount=amount))
        if isinstance(answer, RefundRefused):
            return "refused", answer.refundable.amount
        assert isinstance(answer, Refund)
        return "refunded", answer.amount.amount

    # Webhooks.

    async def hear(self, how: str) -> Answer:
        """Stripe sends again what did not come, the oldest first; each has had its effect before the next one comes.

        Not with the sandbox's own queue: it sends many at once, and then nobody knows whose money is first.
        """
        gate = self._shop.box.faults
        drop, repeat = 1_000_000 if how == "are lost" else 0, 2 if how == "come twice" else 1
        fault = type(gate.webhooks)(drop=drop, repeat=repeat)
        was_deaf = gate.webhooks.drop
        gate.webhooks = fault
        if was_deaf:
            for event in self._shop.box.events()[self._events_before :]:
                if event.type in _LISTENED_TO:
                    await self._send("stripe", msgspec.json.encode(event))
        return ("changed",)

    async def _send(self, sender: str, body: bytes) -> None:
        outside = self._shop.inside.outside
        secret = {
            "stripe": outside.stripe.stripe_webhook_secret,
            "shipping": outside.carrier.carrier_webhook_secret,
        }[sender]

        async def attempt() -> bool | None:
            signed = signature(secret, body.decode(), int(self._shop.clock.now().timestamp()))
            headers = {f"{sender.title()}-Signature": signed, "Content-Type": "application/json"}
            async with self._http.post(f"{self._shop.url}/webhooks/{sender}", data=body, headers=headers) as answer:
                return answer.status == 200 or None

        for _ in range(2 if self._shop.box.faults.webhooks.repeat > 1 else 1):
            await self._patiently(attempt)
        await self._shop.settle()

    # The warehouse.

    async def work(self, which: int, step: str) -> Answer:
        ask = {"pick": Pick, "pack": Pack, "ship": Ship}[step]
        answer: object = await self._ask(ask(id=self._orders[which][0]))
        assert isinstance(answer, PickList | WrongStep), answer
        return ("done" if isinstance(answer, PickList) else "wrong step", answer.status)

    async def send_off(self, which: int) -> Answer:
        """One step after the other, as in the warehouse: each is heard of before the next one is taken."""
        answers = []
        for step in LISTS:
            answers.append(await self.work(which, step))
            await self._shop.settle()
        return tuple(answers)

    async def arrive(self, which: int) -> Answer:
        order = await self._order(which)
        if order.status != "shipped":
            return ("no parcel",)
        scan = {
            "id": f"scan_{order.id}",
            "tracking_number": order.tracking_number,
            "status": "delivered",
            "at": "2030-01-07T13:00:00Z",
            "detail": "",
        }
        await self._send("shipping", msgspec.json.encode(scan))
        return ((await self._order(which)).status,)

    async def count(self, sku: int, on_hand: int) -> Answer:
        answer = await self._ask(SetOnHand(sku=self._skus[sku], on_hand=on_hand))
        if isinstance(answer, StockBelowHeld):
            return "below held", answer.assigned, answer.held
        return "counted", answer.on_hand, answer.assigned, answer.held

    # Time.

    async def wait(self, seconds: float) -> Answer:
        """However often it is killed meanwhile: who was away goes on from there."""
        until = self._shop.clock.now() + timedelta(seconds=seconds)
        while (left := until - self._shop.clock.now()) > timedelta():
            await self._shop.clock.advance(seconds=left.total_seconds())
            await self._shop.settle()
        return ("later",)

    # What came of it all.

    async def orders(self) -> list[dict[str, object]]:
        """Every order, by all who know of it: the shop's own books, and the outside world's."""
        outside = _Outside(self._shop)
        return [await self._seen(which, outside) for which in range(len(self._orders))]

    async def _seen(self, which: int, outside: "_Outside") -> dict[str, object]:
        order_id, _, placed = self._orders[which]
        order = await self._order(which)
        return {
            "status": order.status,
            "timeline": [moment.event for moment in order.timeline],
            "refunded": order.refunded.amount,
            "pick list": await self._sql("select status from warehouse.pick_lists where id = $1", order_id),
            "sales": await self._sql("select paid, refunded from analytics.sales where order_id = $1", order_id),
            **outside.of(order_id, placed.intent_id, order.email),
        }

    async def books(self) -> list[tuple[int, int, int]]:
        """On hand, assigned and held, of each SKU."""
        counts = [await self._ask(CountStock(sku=sku)) for sku in self._skus]
        return [
            (counted.on_hand, counted.assigned, counted.held) for counted in counts if isinstance(counted, StockCount)
        ]

    async def carts(self) -> list[dict[int, int]]:
        carts = [await self._ask(GetCart(cart_id=cart_id)) for cart_id in self._carts]
        return [
            {self._skus.index(line.sku): line.quantity for line in cart.lines}
            for cart in carts
            if isinstance(cart, Cart)
        ]

    async def _sql(self, question: str, order_id: str) -> list[object]:
        rows = await self._shop.inside.services.database.fetch(question, order_id)
        return [value for row in rows for value in row.values()]

    async def _order(self, which: int) -> Order:
        order = await self._ask(GetOrder(order_id=self._orders[which][0]))
        assert isinstance(order, Order)
        return order

    # Patience.

    async def _ask(self, command: Command[R]) -> R:
        """As clients do: again with the same key, until there is an answer."""

        async def attempt() -> tuple[R]:
            return (await self._shop.ask(command),)

        return (await self._patiently(attempt))[0]

    async def _patiently(self, attempt: Callable[[], Awaitable[R | None]]) -> R:
        for _ in range(_TRIES):
            try:
                result = await attempt()
            except (Unavailable, aiohttp.ClientError):
                result = None
            if result is not None:
                return result
            await self._shop.back()
        raise AssertionError("there was never an answer")

    def _now_s(self) -> float:
        return self._shop.clock.now().timestamp()


class _Outside:
    """What Stripe, the carrier and the mailbox know."""

    def __init__(self, shop: ShopUnderTest) -> None:
        self._box = shop.box
        self._intents = Counter(intent.metadata.get("order_id") for intent in shop.box.payment_intents())
        self._charges = shop.charges()
        self._refunds = shop.box.refunds()
        self._parcels = Counter(parcel.reference for parcel in shop.box.shipments())

    def of(self, order_id: str, intent_id: str, email: str) -> dict[str, object]:
        mails = {mail.message_id for mail in self._box.mails(email)}  # A repeat has the same id, and is known by it.
        return {
            "intents": self._intents[order_id],
            "charges": [charge.amount for charge in self._charges if charge.payment_intent == intent_id],
            "sent back": sum(refund.amount for refund in self._refunds if refund.payment_intent == intent_id),
            "parcels": self._parcels[order_id],
            "mails": Counter(mail_id.partition("@")[0].rpartition(".")[2] for mail_id in mails),
        }
