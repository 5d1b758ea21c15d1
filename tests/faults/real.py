"""The steps of `tests/faults/model.py`, taken with a real shop; and everything it says of itself afterwards."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from bus.messages.audit import Audit, CheckId
from bus.messages.base import Money
from bus.messages.cart import Cart, CheckedOut, CreateCart, GetCart, PriceChanged, RemoveLine, SetLine
from bus.messages.catalog_imports import ImportSkus
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
from bus.messages.warehouse import MoneyInDoubt, Pack, Pick, PickList, Ship, WrongStep
from engine.errors import BadInput, Unavailable
from engine.message import Command
from sandbox.core.config import WEBHOOK_TYPES
from sandbox.core.webhooks import signature
from sandbox.stripe.errors import StripeError
from sandbox.stripe.objects import Record
from testkit import ShopUnderTest
from tests.faults.model import LISTS, ON_HAND, PRICES, STRIPE_FORGETS_S, with_shipping
from tests.faults.model_carts import PLAIN
from tests.faults.model_stripe import REFUSED, Answer
from tests.faults.outside import Outside, euros, row_of
from tests.orders import checkout

R = TypeVar("R")
T = TypeVar("T", bound=Record)

METHODS: Final = {"good": "pm_card_visa", "bad": "pm_card_chargeDeclined", "debit": "pm_sandbox_sepaDebit"}
OWED: Final[CheckId] = "cancelled_goes_back"
_TRIES = 8  # Of one step: it is killed, or not answered, once.
_DOUBTS = "select doubts from warehouse.pick_lists where id = $1"
_SALES = "select paid, refunded, disputed from analytics.sales where order_id = $1"


async def audit(shop: ShopUnderTest, *, but: Collection[str] = ()) -> list[str]:
    """What the shop's auditor finds. The one place that knows how it is asked.

    Args:
        shop: Which shop.
        but: Cancelled orders whose money is known to be here: each must be found, and nothing else.
    """
    audited = await shop.ask(Audit(), timeout_s=60)
    owed = {f.about for f in audited.findings if f.check == OWED}
    others = [f for f in audited.findings if f.check != OWED or f.about not in but]
    missed = [f"{order_id} is owed its money, and nobody finds that" for order_id in sorted(set(but) - owed)]
    return [f"{finding.rule}: {finding.about}: {finding.detail}" for finding in others] + missed


class Real:
    """One scenario's people in a shop that others have used before: with goods, carts and orders of their own."""

    def __init__(self, shop: ShopUnderTest, http: aiohttp.ClientSession, name: str) -> None:
        self._shop = shop
        self._http = http
        self._name = name
        self._skus = [f"{name}-{number}" for number in range(len(PRICES))]
        self._on_shelf = [self._skus[number] for number in PLAIN]
        self._carts: list[str] = []
        self._shown: dict[int, Money] = {}  # What a cart's buyer was last told that it costs.
        self._orders: list[tuple[str, str, CheckedOut]] = []  # With their carts.
        self._placed_s: list[float] = []
        self._numbers = count(1)
        self._heard = 0  # How many of Stripe's events the shop was told, or will be in the next moment.

    async def begin(self) -> None:
        for sku, on_hand in zip(self._on_shelf, ON_HAND, strict=True):
            await self._shop.ask(SetOnHand(sku=sku, on_hand=on_hand))
        for _ in range(2):
            await self._new_cart()

    def order_id(self, which: int) -> str:
        return self._orders[which][0]

    async def available(self) -> list[int]:
        levels = (await self._ask(GetStock(skus=tuple(self._on_shelf)))).levels
        return [level.available for level in levels]

    # Carts.

    async def set_line(self, cart: int, sku: int, units: int) -> Answer:
        answer = await self._ask(SetLine(cart_id=self._carts[cart], sku=self._skus[sku], quantity=units))
        if isinstance(answer, StockRefused):
            return "refused", answer.available
        assert isinstance(answer, Cart), answer
        goods = sum(line.unit_price.amount * line.quantity for line in answer.lines)
        self._shown[cart] = euros(with_shipping(goods))
        return "held", next(line.quantity for line in answer.lines if line.sku == self._skus[sku])

    async def remove_line(self, cart: int, sku: int) -> Answer:
        answer = await self._ask(RemoveLine(cart_id=self._carts[cart], sku=self._skus[sku]))
        assert isinstance(answer, Cart), answer
        return ("removed",)

    async def check_out(self, cart: int) -> Answer:
        return await self._check_out(cart, None)

    async def check_out_as_shown(self, cart: int) -> Answer:
        return await self._check_out(cart, self._shown.get(cart))

    async def _check_out(self, cart: int, expected: Money | None) -> Answer:
        order_id, cart_id = f"ord_{self._name}_{next(self._numbers)}", self._carts[cart]
        ask = msgspec.structs.replace(checkout(cart_id, order_id), expected_total=expected)
        answer = await self._ask(ask)
        if isinstance(answer, PriceChanged):
            return "price changed", answer.total.amount
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

    async def set_price(self, sku: int, price: int) -> Answer:
        await self._ask(ImportSkus(rows=(row_of(self._skus[sku], price),)))
        return "costs", price

    async def _new_cart(self) -> None:
        self._carts.append((await self._ask(CreateCart())).id)

    # Money.

    async def pay(self, which: int, method: str) -> Answer:
        *_, placed = self._orders[which]
        url, form = self._shop.confirmation(placed.intent_id, placed.client_secret, METHODS[method])

        async def attempt() -> int | None:
            async with self._http.post(url, data=form) as answer:
                return answer.status if answer.status < 500 and answer.status != 429 else None

        yes = "asked the bank" if method == "debit" else "paid"
        return ({200: yes, 402: "declined", 400: "not payable"}[await self._patiently(attempt)],)

    async def settle(self, which: int, verdict: str) -> Answer:
        return _or_refused(
            lambda: self._shop.sandbox.stripe.settle(self._intent(which), succeeded=verdict == "yes"),
            lambda _: (verdict,),
        )

    async def refund_in_dashboard(self, which: int, amount: int | None) -> Answer:
        return _or_refused(
            lambda: self._shop.sandbox.stripe.refund_in_dashboard(self._intent(which), amount),
            lambda made: ("refunded", made.amount),
        )

    async def dispute(self, which: int, kind: str) -> Answer:
        if "lost" in self._disputes(which).values():
            return REFUSED
        return _or_refused(
            lambda: self._shop.sandbox.stripe.open_dispute(self._intent(which), inquiry=kind == "inquiry"),
            lambda made: ("disputed", made.amount),
        )

    async def decide(self, which: int, verdict: str) -> Answer:
        stripe, disputes = self._shop.sandbox.stripe, self._disputes(which)
        if not disputes:
            return REFUSED
        newest = list(disputes)[-1]
        if verdict == "escalated":
            return _or_refused(lambda: stripe.escalate_dispute(newest), lambda _: ("open",))
        return _or_refused(
            lambda: stripe.close_dispute(newest, won=verdict == "won"),
            lambda made: ("closed" if made.status == "warning_closed" else made.status,),
        )

    async def warn(self, which: int) -> Answer:
        return _or_refused(lambda: self._shop.sandbox.stripe.warn_of_fraud(self._intent(which)), lambda _: ("warned",))

    def _intent(self, which: int) -> str:
        return self._orders[which][2].intent_id

    def _disputes(self, which: int) -> dict[str, str]:
        """By their ids, the oldest first."""
        found = self._shop.sandbox.stripe.disputes.by_ref(self._intent(which))
        return {dispute.id: dispute.status for dispute in found}

    async def cancel(self, which: int) -> Answer:
        answer = await self._ask(CancelOrder(order_id=self._orders[which][0], reason="customer"))
        if isinstance(answer, NotCancellable):
            return "not cancellable", answer.status
        assert isinstance(answer, Order), answer
        return (answer.status,)

    async def refund(self, which: int, amount: int | None) -> Answer:
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
        gate, events = self._shop.sandbox.faults, self._shop.sandbox.events()
        drop, repeat = 1_000_000 if how == "are lost" else 0, 2 if how == "come twice" else 1
        was_deaf = gate.webhooks.drop
        gate.webhooks = type(gate.webhooks)(drop=drop, repeat=repeat)
        if was_deaf:
            for event in events[self._heard :]:
                if any(fnmatchcase(event.type, wanted) for wanted in WEBHOOK_TYPES):
                    await self._send("stripe", msgspec.json.encode(event))
        self._heard = len(events)
        return ("changed",)

    async def _send(self, sender: str, body: bytes) -> None:
        outside = self._shop.inside.integrations
        secret = {
            "stripe": outside.stripe.stripe_webhook_secret,
            "shipping": outside.carrier.carrier_webhook_secret,
        }[sender]

        async def attempt() -> bool | None:
            signed = signature(secret, body.decode(), int(self._shop.clock.now().timestamp()))
            headers = {f"{sender.title()}-Signature": signed, "Content-Type": "application/json"}
            async with self._http.post(f"{self._shop.url}/webhooks/{sender}", data=body, headers=headers) as answer:
                return answer.status == 200 or None

        for _ in range(2 if self._shop.sandbox.faults.webhooks.repeat > 1 else 1):
            await self._patiently(attempt)
        await self._shop.settle()

    # The warehouse.

    async def work(self, which: int, step: str, how: str = "") -> Answer:
        order_id, is_sure = self._orders[which][0], how == "despite doubt"
        ask = {
            "pick": Pick(id=order_id),
            "pack": Pack(id=order_id, despite_doubt=is_sure),
            "ship": Ship(id=order_id, despite_doubt=is_sure),
        }[step]
        answer: object = await self._ask(ask)
        if isinstance(answer, MoneyInDoubt):
            return "money in doubt", *_kinds(answer.doubts)
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
        outside = Outside(self._shop)
        return [await self._seen(which, outside) for which in range(len(self._orders))]

    async def _seen(self, which: int, outside: Outside) -> dict[str, object]:
        order_id, _, placed = self._orders[which]
        order = await self._order(which)
        return {
            "status": order.status,
            "timeline": [moment.event for moment in order.timeline],
            "refunded": order.refunded.amount,
            "pick list": await self._sql("select status from warehouse.pick_lists where id = $1", order_id),
            "doubts": _kinds((await self._sql(_DOUBTS, order_id))[0]),
            "sales": await self._sql(_SALES, order_id),
            **outside.of(order_id, placed.intent_id, order.email),
        }

    async def books(self) -> list[tuple[int, int, int]]:
        """On hand, assigned and held, of each SKU."""
        counts = [await self._ask(CountStock(sku=sku)) for sku in self._on_shelf]
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

    async def _sql(self, question: str, order_id: str) -> list[Any]:
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


def _kinds(doubts: Iterable[str]) -> tuple[str, ...]:
    return tuple(doubt.partition(" ")[0] for doubt in doubts)


def _or_refused(act: Callable[[], T], answer: Callable[[T], Answer]) -> Answer:
    """What somebody is answered who does this at Stripe."""
    try:
        done = act()
    except StripeError:
        return REFUSED
    return answer(done)
