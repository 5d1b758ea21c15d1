"""A simple model of the shop: what it promises, without any of what makes it hard.

No database, no messages, nobody who crashes: one thing happens after the other, and everybody hears of it at once. Its
methods are the steps that `tests/faults/real.py` takes with a real shop, and their answers must be the same.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

PRICES: Final = (5900, 1450, 1200)
ON_HAND: Final = (1, 3, 6)
CART_HOLD_S, TO_PAY_S = 600, 1800
SHIPPING, FREE_FROM = 490, 7500
STRIPE_FORGETS_S = 24 * 3600

LISTS: Final = {"pick": ("open", "picked"), "pack": ("picked", "packed"), "ship": ("packed", "shipped")}
MAILS: Final = {
    "OrderCreated": "order_created",
    "PaymentReceived": "payment_received",
    "PaymentCameLate": "payment_received",
    "OrderCancelled": "order_cancelled",
    "UnitsRetaken": "order_revived",
    "LateMoneyReturned": "late_money_returned",
    "RefundProcessed": "refund_processed",
    "OrderFulfilled": "order_fulfilled",
    "OrderShipped": "order_shipped",
    "OrderDelivered": "order_delivered",
}

Answer = tuple[object, ...]


@dataclass
class Order:
    """An order, its payment, its units and its parcel."""

    cart: int
    lines: dict[int, int]
    placed_s: float
    status: str = "pending_payment"
    reason: str = ""
    units: str = "held"  # Or "sold", then "gone"; or "free" again.
    pick_list: str = "waiting"
    charged: bool = False  # At Stripe; the shop may not know it.
    received: bool = False
    refunded: int = 0
    timeline: list[str] = field(default_factory=lambda: ["OrderCreated"])

    @property
    def total(self) -> int:
        goods = sum(PRICES[sku] * units for sku, units in self.lines.items())
        return goods + (0 if goods >= FREE_FROM else SHIPPING)

    def seen(self) -> dict[str, object]:
        """As everybody must know of it."""
        return {
            "status": self.status,
            "timeline": self.timeline,
            "refunded": self.refunded,
            "pick list": [self.pick_list],
            "sales": [self.total if self.received else 0, self.refunded],
            "intents": 1,
            "charges": [self.total] if self.charged else [],
            "sent back": self.refunded,
            "parcels": int("OrderShipped" in self.timeline),
            "mails": Counter(MAILS[event] for event in self.timeline if event in MAILS),
        }


class Model:
    """The whole shop."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.on_hand = list(ON_HAND)
        self.carts: list[dict[int, int]] = [{}, {}]
        self.holds: dict[tuple[int, int], tuple[int, float]] = {}  # Of carts: units, and their end.
        self.orders: list[Order] = []
        self.webhooks = "come"
        self._unheard: list[tuple[str, Order]] = []

    def assigned(self, sku: int) -> int:
        return sum(order.lines.get(sku, 0) for order in self.orders if order.units == "sold")

    def held(self, sku: int) -> int:
        of_carts = sum(units for (_, held), (units, _) in self.holds.items() if held == sku)
        return of_carts + sum(order.lines.get(sku, 0) for order in self.orders if order.units == "held")

    def available(self) -> list[int]:
        return [on_hand - self.assigned(sku) - self.held(sku) for sku, on_hand in enumerate(self.on_hand)]

    # Carts.

    def set_line(self, cart: int, sku: int, units: int) -> Answer:
        reach = self._reach(cart, sku)
        if units > reach:
            return "refused", reach
        self.holds[cart, sku] = units, self.now_s + CART_HOLD_S
        self.carts[cart][sku] = units
        return "held", units

    def remove_line(self, cart: int, sku: int) -> Answer:
        self.holds.pop((cart, sku), None)
        self.carts[cart].pop(sku, None)
        return ("removed",)

    def check_out(self, cart: int) -> Answer:
        lines = dict(self.carts[cart])
        if not lines:
            return ("cart empty",)
        if short := {sku: reach for sku in lines if (reach := self._reach(cart, sku)) < lines[sku]}:
            return "out of stock", short
        for sku in lines:
            self.remove_line(cart, sku)
        self.orders.append(Order(cart, lines, self.now_s))
        return "checked out", self.orders[-1].total

    def buy(self, sku: int, units: int) -> Answer:
        self.carts.append({})
        answer = self.set_line(len(self.carts) - 1, sku, units)
        return answer if answer[0] == "refused" else self.check_out(len(self.carts) - 1)

    def check_out_again(self, which: int) -> Answer:
        """With the same key: it is the same order, whatever has come into the cart since."""
        order = self.orders[which]
        if order.status == "cancelled":
            return ("cancelled meanwhile",)
        if self.now_s - order.placed_s >= STRIPE_FORGETS_S:
            return ("not asked",)
        for sku in order.lines:
            self.carts[order.cart].pop(sku, None)
        return "checked out", order.total

    def _reach(self, cart: int, sku: int) -> int:
        return self.available()[sku] + self.holds.get((cart, sku), (0, 0.0))[0]

    # Money.

    def pay(self, which: int, card: str) -> Answer:
        order = self.orders[which]
        if order.charged or order.status == "cancelled":
            return ("not payable",)
        if card == "bad":
            self._tell("declined", order)
            return ("declined",)
        order.charged = True
        self._tell("paid", order)
        return ("paid",)

    def cancel(self, which: int) -> Answer:
        order = self.orders[which]
        if order.status in ("pending_payment", "paid", "picking"):
            self._call_off(order, "customer")
        elif order.status != "cancelled":
            return "not cancellable", order.status
        elif order.reason == "nobody paid":
            order.reason = "customer"
        return ("cancelled",)

    def refund(self, which: int, amount: int) -> Answer:
        order = self.orders[which]
        left = order.total - order.refunded if order.received else 0
        if amount > left:
            return "refused", left
        self._send_back(order, amount)
        return "refunded", amount

    def _call_off(self, order: Order, reason: str) -> None:
        order.status, order.reason, order.units, order.pick_list = "cancelled", reason, "free", "cancelled"
        order.timeline.append("OrderCancelled")
        if order.received:
            self._send_back(order, order.total - order.refunded)
        elif order.charged:  # Stripe, told that nobody wants its money any more, says that it was paid.
            self._hear("paid", order)

    def _send_back(self, order: Order, amount: int) -> None:
        if amount:
            order.refunded += amount
            order.timeline.append("RefundProcessed")

    # Webhooks.

    def hear(self, how: str) -> Answer:
        """From now on webhooks come, come twice, or not at all; those that did not come are sent again."""
        self.webhooks = how
        unheard, self._unheard = self._unheard, []
        for what, order in unheard:
            self._hear(what, order)
        return ("changed",)

    def _tell(self, what: str, order: Order) -> None:
        if self.webhooks == "are lost":
            self._unheard.append((what, order))
        else:
            self._hear(what, order)

    def _hear(self, what: str, order: Order) -> None:
        if what == "declined":
            if order.status == "pending_payment":
                order.timeline.append("PaymentDeclined")
            return
        if order.received:
            return
        order.received = True
        if order.status == "pending_payment":
            self._sell(order, "PaymentReceived")
            return
        order.timeline.append("PaymentCameLate")
        if order.reason == "nobody paid" and all(self.available()[sku] >= n for sku, n in order.lines.items()):
            self._sell(order, "UnitsRetaken")
            return
        if order.reason == "nobody paid":
            order.reason = "out of stock"
            order.timeline.append("UnitsGone")
        self._send_back(order, order.total)

    def _sell(self, order: Order, event: str) -> None:
        order.units, order.status, order.reason, order.pick_list = "sold", "paid", "", "open"
        order.timeline.append(event)

    # The warehouse.

    def work(self, which: int, step: str) -> Answer:
        order = self.orders[which]
        before, after = LISTS[step]
        if order.pick_list == before:
            order.pick_list = after
            order.status, event = {
                "pick": ("picking", "PickingStarted"),
                "pack": ("packed", "OrderFulfilled"),
                "ship": ("shipped", "OrderShipped"),
            }[step]
            order.timeline.append(event)
            if step == "ship":
                order.units = "gone"
                for sku, units in order.lines.items():
                    self.on_hand[sku] -= units
        return ("done" if order.pick_list == after else "wrong step", order.pick_list)

    def send_off(self, which: int) -> Answer:
        return tuple(self.work(which, step) for step in LISTS)

    def arrive(self, which: int) -> Answer:
        order = self.orders[which]
        if order.status != "shipped":
            return ("no parcel",)
        order.status = "delivered"
        order.timeline += ["ParcelMoved", "OrderDelivered"]
        return ("delivered",)

    def count(self, sku: int, on_hand: int) -> Answer:
        promised = self.assigned(sku), self.held(sku)
        if on_hand < sum(promised):
            return "below held", *promised
        self.on_hand[sku] = on_hand
        return "counted", on_hand, *promised

    # Time.

    def wait(self, seconds: float) -> Answer:
        until_s = self.now_s + seconds
        unpaid = [order for order in self.orders if order.status == "pending_payment"]
        for order in unpaid:
            if order.placed_s + TO_PAY_S <= until_s:
                self._let_holds_end(order.placed_s + TO_PAY_S)
                self._call_off(order, "nobody paid")
        self._let_holds_end(until_s)
        self.now_s = until_s
        return ("later",)

    def _let_holds_end(self, until_s: float) -> None:
        self.holds = {key: hold for key, hold in self.holds.items() if hold[1] > until_s}
