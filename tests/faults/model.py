"""A simple model of the shop: what it promises, without any of what makes it hard.

No database, no messages, nobody who crashes: one thing happens after the other, and everybody hears of it at once. Its
methods are the steps that `tests/faults/real.py` takes with a real shop, and their answers must be the same.
"""

from collections import Counter
from typing import Final

from tests.faults.model_carts import PLAIN, Cart, parts_of, short_lines
from tests.faults.model_orders import BEFORE_PACKING, TO_PAY_S, UNPAID, Order
from tests.faults.model_stripe import Answer, Fact, Payment

PRICES: Final = (5900, 1450, 1200, 3300)  # The last is the bundle's.
ON_HAND: Final = (1, 3, 6)
SHIPPING, FREE_FROM = 490, 7500
STRIPE_FORGETS_S = 24 * 3600

LISTS: Final = {"pick": ("open", "picked"), "pack": ("picked", "packed"), "ship": ("packed", "shipped")}
_STEPS: Final = {
    "pick": ("picking", "PickingStarted"),
    "pack": ("packed", "OrderFulfilled"),
    "ship": ("shipped", "OrderShipped"),
}


def with_shipping(goods: int) -> int:
    """What goods of so much cost with their parcel."""
    return goods + (0 if goods >= FREE_FROM else SHIPPING)


class Model:
    """The whole shop."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.on_hand = list(ON_HAND)
        self.prices = list(PRICES)
        self.carts = [Cart(), Cart()]
        self.shown: dict[int, int] = {}  # What a cart's buyer was last told that it costs.
        self.orders: list[Order] = []
        self.webhooks = "come"
        self._unheard: list[tuple[Order, Fact]] = []

    def assigned(self, sku: int) -> int:
        return sum(order.goods[sku] for order in self.orders if order.units == "sold")

    def held(self, sku: int) -> int:
        of_carts = sum(cart.held(sku) for cart in self.carts)
        return of_carts + sum(order.goods[sku] for order in self.orders if order.units == "held")

    def available(self) -> list[int]:
        return [on_hand - self.assigned(sku) - self.held(sku) for sku, on_hand in enumerate(self.on_hand)]

    # Carts.

    def set_line(self, cart: int, sku: int, units: int) -> Answer:
        reach, others = self._reach(cart), self.carts[cart].of_others(sku, self.now_s)
        most = min((reach[part] - others[part]) // each for part, each in parts_of(sku).items())
        if units > most:
            return "refused", max(0, most)
        self.carts[cart].set(sku, units, self.now_s)
        self.shown[cart] = self._cost(self.carts[cart].lines)
        return "held", units

    def remove_line(self, cart: int, sku: int) -> Answer:
        self.carts[cart].remove(sku, self.now_s)
        return ("removed",)

    def check_out(self, cart: int) -> Answer:
        return self._check_out(cart, None)

    def check_out_as_shown(self, cart: int) -> Answer:
        """At the price that the buyer was last told, or not at all."""
        return self._check_out(cart, self.shown.get(cart))

    def _check_out(self, cart: int, expected: int | None) -> Answer:
        lines = dict(self.carts[cart].lines)
        if not lines:
            return ("cart empty",)
        total = self._cost(lines)
        if expected not in (None, total):
            return "price changed", total
        if short := short_lines(lines, self._reach(cart)):
            return "out of stock", short
        self.carts[cart].hand_over()
        self.orders.append(Order(cart, lines, total, self.now_s, self.now_s + TO_PAY_S, Payment(total)))
        self.orders[-1].note("OrderCreated")
        return "checked out", total

    def buy(self, sku: int, units: int) -> Answer:
        self.carts.append(Cart())
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
            self.carts[order.cart].take_out(sku)
        return "checked out", order.total

    def set_price(self, sku: int, price: int) -> Answer:
        self.prices[sku] = price
        return "costs", price

    def _cost(self, lines: dict[int, int]) -> int:
        return with_shipping(sum(self.prices[sku] * units for sku, units in lines.items()))

    def _reach(self, cart: int) -> list[int]:
        """What there is for a cart, of all goods: what nobody keeps, and what it keeps itself."""
        return [free + self.carts[cart].held(part) for part, free in zip(PLAIN, self.available(), strict=True)]

    # Money.

    def pay(self, which: int, method: str) -> Answer:
        return self._at_stripe(which, self.orders[which].at_stripe.pay(method))

    def settle(self, which: int, verdict: str) -> Answer:
        return self._at_stripe(which, self.orders[which].at_stripe.settle(verdict))

    def refund_in_dashboard(self, which: int, amount: int | None) -> Answer:
        return self._at_stripe(which, self.orders[which].at_stripe.refund_in_dashboard(amount))

    def dispute(self, which: int, kind: str) -> Answer:
        return self._at_stripe(which, self.orders[which].at_stripe.dispute(kind))

    def decide(self, which: int, verdict: str) -> Answer:
        return self._at_stripe(which, self.orders[which].at_stripe.decide(verdict))

    def warn(self, which: int) -> Answer:
        return self._at_stripe(which, self.orders[which].at_stripe.warn())

    def _at_stripe(self, which: int, happened: tuple[Answer, list[Fact]]) -> Answer:
        answer, facts = happened
        for fact in facts:
            if self.webhooks == "are lost":
                self._unheard.append((self.orders[which], fact))
            else:
                self._hear(self.orders[which], fact)
        return answer

    def cancel(self, which: int) -> Answer:
        order = self.orders[which]
        if order.status in (*UNPAID, *BEFORE_PACKING):
            was_paid = order.received
            self._call_off(order, "customer")
            if was_paid:
                self._send_back(order, None, is_news=False)
        elif order.status != "cancelled":
            return "not cancellable", order.status
        elif order.reason == "nobody paid":
            order.reason = "customer"
        return ("cancelled",)

    def refund(self, which: int, amount: int | None) -> Answer:
        order = self.orders[which]
        wanted = order.refundable if amount is None else amount
        if not 0 < wanted <= order.refundable:
            return "refused", order.refundable
        self._send_back(order, amount, is_news=True)
        return "refunded", wanted

    def _call_off(self, order: Order, reason: str) -> None:
        order.status, order.reason, order.units, order.pick_list = "cancelled", reason, "free", "cancelled"
        order.note("OrderCancelled")
        if order.payment in ("open", "processing"):
            order.payment = "closing"
            self._make_unpayable(order)

    def _make_unpayable(self, order: Order) -> None:
        """Stripe, told that nobody wants its money any more, may say that it was paid."""
        if order.at_stripe.cancel() == "paid":
            self._hear_of_money(order)

    def _send_back(self, order: Order, amount: int | None, *, is_news: bool) -> None:
        """Stripe refuses what its dashboard gave back before, or a bank has taken: then the rest goes, if any."""
        wanted = order.refundable if amount is None else amount
        if not wanted:
            return
        order.refunding += wanted
        self._tell_if_nothing_is_left(order, is_news=is_news)
        before = len(order.at_stripe.refunds)
        if order.at_stripe.refund(wanted):
            order.known_refunds.add(before)
            order.refunded += wanted
            order.note("RefundProcessed")
            return
        order.refunding -= wanted
        order.note("RefundFailed")
        unknown = [number for number in reversed(range(before)) if number not in order.known_refunds]
        for number in unknown:
            self._adopt(order, number)
        if amount is None and unknown:
            self._send_back(order, None, is_news=False)

    def _adopt(self, order: Order, number: int) -> None:
        """Take up a refund that began at Stripe."""
        if number in order.known_refunds:
            return
        amount = order.at_stripe.refunds[number]
        order.known_refunds.add(number)
        order.refunding += amount
        self._tell_if_nothing_is_left(order, is_news=True)
        order.refunded += amount
        order.note("RefundProcessed")

    def _tell_if_nothing_is_left(self, order: Order, *, is_news: bool) -> None:
        """Before packing that ends the order; afterwards people are told, and shipping asks."""
        if order.refundable or not is_news:
            return
        if "refunded" not in order.doubts:
            order.doubts.append("refunded")
        if order.status in BEFORE_PACKING:
            self._call_off(order, "refunded")
        elif order.status != "cancelled":
            order.note("FullyRefunded")

    # Webhooks.

    def hear(self, how: str) -> Answer:
        """From now on webhooks come, come twice, or not at all; those that did not come are sent again."""
        self.webhooks = how
        unheard, self._unheard = self._unheard, []
        for order, fact in unheard:
            self._hear(order, fact)
        return ("changed",)

    def _hear(self, order: Order, fact: Fact) -> None:
        what, _, how = fact.what.partition(" ")
        if what == "paid":
            self._hear_of_money(order)
        elif what == "processing":
            order.hear_that_a_bank_is_asked()
        elif what in ("declined", "failed"):
            order.hear_of_no(self.now_s)
            if order.payment == "closing":  # Stripe would let it be paid in another way.
                self._make_unpayable(order)
        elif what == "refunded":
            self._adopt(order, fact.number)
        elif what == "warned":
            order.doubt(f"fraud {fact.number}", "FraudWarned")
        elif what == "funds":
            order.hear_of_funds(fact.amount if how == "taken" else -fact.amount)
        elif how in ("inquiry", "open"):
            order.doubt(f"dispute {fact.number}", "DisputeOpened")
        else:
            order.hear_of_a_verdict(how, f"dispute {fact.number}")

    def _hear_of_money(self, order: Order) -> None:
        if order.received:
            return
        order.payment = "received"
        if order.status in UNPAID:
            self._sell(order, "PaymentReceived")
            return
        order.note("PaymentCameLate")
        if order.reason == "nobody paid" and order.goods <= Counter(dict(enumerate(self.available()))):
            self._sell(order, "UnitsRetaken")
            return
        if order.reason == "nobody paid":
            order.reason = "out of stock"
            order.note("UnitsGone")
        order.mails["late_money_returned"] += 1
        self._send_back(order, None, is_news=False)

    def _sell(self, order: Order, event: str) -> None:
        order.units, order.status, order.reason, order.pick_list = "sold", "paid", "", "open"
        order.note(event)

    # The warehouse.

    def work(self, which: int, step: str, how: str = "") -> Answer:
        order = self.orders[which]
        before, after = LISTS[step]
        if order.pick_list == before and step != "pick":
            if how == "despite doubt":
                order.doubts = []
            if order.doubts:
                return "money in doubt", *order.kinds_of_doubt()
        if order.pick_list == before:
            order.pick_list = after
            order.status, event = _STEPS[step]
            order.note(event)
            if step == "ship":
                order.units = "gone"
                for sku, units in order.goods.items():
                    self.on_hand[sku] -= units
        return ("done" if order.pick_list == after else "wrong step", order.pick_list)

    def send_off(self, which: int) -> Answer:
        return tuple(self.work(which, step) for step in LISTS)

    def arrive(self, which: int) -> Answer:
        order = self.orders[which]
        if order.status != "shipped":
            return ("no parcel",)
        order.status = "delivered"
        order.timeline += ["ParcelMoved"]
        order.note("OrderDelivered")
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
        while overdue := self._overdue(until_s):
            self.now_s = overdue.pay_until_s
            self._let_holds_end()
            self._call_off(overdue, "nobody paid")
        self.now_s = until_s
        self._let_holds_end()
        return ("later",)

    def _overdue(self, until_s: float) -> Order | None:
        """The order whose time to be paid ends next."""
        unpaid = [order for order in self.orders if order.status == "pending_payment"]
        return min(
            (order for order in unpaid if order.pay_until_s <= until_s),
            key=lambda order: order.pay_until_s,
            default=None,
        )

    def _let_holds_end(self) -> None:
        for cart in self.carts:
            cart.let_end(self.now_s)
