"""What is true of the inventory after any sequence of commands, from any number of carts and orders."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.inventory.books import audit
from actors.inventory.life import HELD, PLACED
from bus.messages.base import OrderId, Sku, Units
from bus.messages.inventory import (
    CheckoutHeld,
    HoldForCheckout,
    HoldStock,
    HoldUnits,
    OutOfStock,
    StockBelowHeld,
    StockHeld,
    StockRefused,
    UnitsGone,
    UnitsRetaken,
)
from tests.actors.inventory.support import Store, ask, checkout

SKUS = ("LAMP", "MUG", "RUG")
skus = st.sampled_from(SKUS)
carts = st.sampled_from(("cart_1", "cart_2", "cart_3"))
orders = st.sampled_from(("ord_1", "ord_2", "ord_3"))
asks = st.builds(ask, carts, skus, st.integers(0, 6))
lines = st.dictionaries(skus, st.integers(1, 4), min_size=1).map(lambda units: tuple(units.items()))
totals = st.builds(
    lambda cart, units: HoldUnits(
        cart_id=cart, units=tuple(Units(sku=sku, quantity=quantity) for sku, quantity in units.items())
    ),
    carts,
    st.dictionaries(skus, st.integers(0, 6), min_size=1),
)
checkouts = st.builds(lambda lines, cart, order: checkout(*lines, cart_id=cart, order_id=order), lines, carts, orders)


class AnySequence(RuleBasedStateMachine):
    """Commands in any order, each said twice. `Store` asserts what the tables check."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(LAMP=3, MUG=5, RUG=0)
        self.versions = dict.fromkeys(SKUS, 0)

    @rule(one=asks)
    def a_cart_has_its_units_unless_others_hold_them(self, one: HoldStock) -> None:
        reach = self.store.reach(one.sku, one.cart_id)

        [answer] = self.store.hold(one)

        if one.quantity <= reach:
            assert isinstance(answer, StockHeld)
            assert self.store.of_cart(one.cart_id).get(one.sku, 0) == one.quantity
        else:
            assert answer == StockRefused(sku=one.sku, available=reach)
        before = self.store.snapshot()
        assert (self.store.hold(one), self.store.snapshot()) == ([answer], before)

    @rule(crowd=st.lists(asks, min_size=2, max_size=4))
    def a_crowd_is_answered_in_order_of_arrival(self, crowd: list[HoldStock]) -> None:
        answers = self.store.hold(*crowd)

        last = {
            (one.cart_id, one.sku): one for one, said in zip(crowd, answers, strict=True) if type(said) is StockHeld
        }
        for one in last.values():
            assert self.store.of_cart(one.cart_id).get(one.sku, 0) == one.quantity

    @rule(one=totals)
    def a_cart_has_units_of_several_skus_or_none(self, one: HoldUnits) -> None:
        reach = {units.sku: self.store.reach(units.sku, one.cart_id) for units in one.units}
        short = [units.sku for units in one.units if units.quantity > reach[units.sku]]
        before = self.store.of_cart(one.cart_id)

        [answer] = self.store.hold_units(one)

        held = self.store.of_cart(one.cart_id)
        if isinstance(answer, OutOfStock):
            assert [(each.sku, each.available) for each in answer.short] == [(sku, reach[sku]) for sku in short]
            assert held.items() <= before.items()  # What had ended may have been freed on the way.
        else:
            assert not short
            assert all(held.get(units.sku, 0) == units.quantity for units in one.units)
        again = self.store.snapshot()
        assert (self.store.hold_units(one), self.store.snapshot()) == ([answer], again)

    @rule(one=checkouts)
    def a_checkout_holds_all_lines_or_none(self, one: HoldForCheckout) -> None:
        of_order = self.store.of_order(one.order_id)
        of_cart = self.store.of_cart(one.cart_id)
        is_placed = any(stage in PLACED for stage, _ in of_order.values())
        reach = {line.sku: self.store.reach(line.sku, one.cart_id, one.order_id) for line in one.lines}
        short = {line.sku for line in one.lines if line.quantity > reach[line.sku]}

        answer = self.store.checkout(one)

        live = {sku: quantity for sku, (stage, quantity) in self.store.of_order(one.order_id).items() if stage in HELD}
        if is_placed:
            assert isinstance(answer, CheckoutHeld)
            assert self.store.of_order(one.order_id) == of_order
        elif isinstance(answer, CheckoutHeld):
            assert not short
            assert live == {line.sku: line.quantity for line in one.lines}
        else:
            assert {refused.sku for refused in answer.short} == short
            # Nothing was taken; what had ended may have been freed on the way.
            assert self.store.of_cart(one.cart_id).items() <= of_cart.items()
            assert live.items() <= {sku: quantity for sku, (_, quantity) in of_order.items()}.items()
        before = self.store.snapshot()
        assert (self.store.checkout(one), self.store.snapshot()) == (answer, before)

    @rule(order_id=orders)
    def an_order_is_placed(self, order_id: OrderId) -> None:
        self.store.await_payment(order_id)
        before = self.store.snapshot()

        self.store.await_payment(order_id)

        assert self.store.snapshot() == before

    @rule(order_id=orders)
    def money_comes(self, order_id: OrderId) -> None:
        answer = self.store.sell(order_id)

        stages = {stage for stage, _ in self.store.of_order(order_id).values()}
        assert not stages & HELD
        assert isinstance(answer, UnitsGone) == ("expired" in stages)
        before = self.store.snapshot()
        assert (self.store.sell(order_id), self.store.snapshot()) == (answer, before)

    @rule(order_id=orders)
    def money_comes_late(self, order_id: OrderId) -> None:
        answer = self.store.retake(order_id)

        stages = {stage for stage, _ in self.store.of_order(order_id).values()}
        assert isinstance(answer, UnitsGone) == bool(stages & {"expired", "returned"})
        before = self.store.snapshot()
        again = self.store.retake(order_id)
        assert (again, self.store.snapshot()) == (None if isinstance(answer, UnitsRetaken) else answer, before)

    @rule(order_id=orders)
    def an_order_is_cancelled(self, order_id: OrderId) -> None:
        self.store.give_back(order_id)

        assert {stage for stage, _ in self.store.of_order(order_id).values()} <= {"returned", "shipped"}
        before = self.store.snapshot()
        self.store.give_back(order_id)
        assert self.store.snapshot() == before

    @rule(order_id=orders)
    def a_bank_takes_its_time(self, order_id: OrderId) -> None:
        self._twice(self.store.await_bank, order_id)

    @rule(order_id=orders)
    def a_bank_says_no(self, order_id: OrderId) -> None:
        self._twice(self.store.await_payment_again, order_id)

        assert "processing" not in {stage for stage, _ in self.store.of_order(order_id).values()}

    @rule(order_id=orders)
    def a_parcel_leaves(self, order_id: OrderId) -> None:
        before = {sku: books.available for sku, books in self.store.stock.items()}
        ran_out = {sku: units for sku, (stage, units) in self.store.of_order(order_id).items() if stage == "expired"}

        self._twice(self.store.ship, order_id)

        left = {sku: units for sku, (stage, units) in self.store.of_order(order_id).items() if stage == "shipped"}
        for sku, books in self.store.stock.items():  # Only what nobody had set aside any more is missed by others.
            assert before[sku] - books.available == (ran_out[sku] if sku in ran_out and sku in left else 0)

    def _twice(self, say: Callable[[OrderId], None], order_id: OrderId) -> None:
        say(order_id)
        before = self.store.snapshot()
        say(order_id)
        assert self.store.snapshot() == before

    @rule(sku=skus, counted=st.integers(0, 8))
    def the_shelf_is_counted(self, sku: Sku, counted: int) -> None:
        answer = self.store.count(sku, counted)

        if isinstance(answer, StockBelowHeld):
            assert counted < self.store.stock[sku].promised
        else:
            assert self.store.stock[sku].on_hand == counted
        before = self.store.snapshot()
        assert (self.store.count(sku, counted), self.store.snapshot()) == (answer, before)

    @rule(minutes=st.sampled_from((1, 9, 10, 45)))
    def time_goes_on(self, minutes: int) -> None:
        self.store.now += timedelta(minutes=minutes)

    @rule(some=st.sets(skus))
    def what_has_expired_is_freed(self, some: set[Sku]) -> None:
        self.store.free_expired(some)

        assert all(self.store.reach(sku, "nobody") == self.store.stock[sku].available for sku in some)
        assert not self.store.free_expired(some)

    @invariant()
    def never_oversold(self) -> None:
        assert all(books.available >= 0 for books in self.store.stock.values())

    @invariant()
    def counters_are_the_sums_of_holds_and_of_the_ledger(self) -> None:
        assert [finding for sums in self.store.sums() for finding in audit(sums)] == []

    @invariant()
    def versions_never_go_back(self) -> None:
        versions = {sku: books.version for sku, books in self.store.stock.items()}
        assert all(versions[sku] >= self.versions[sku] for sku in SKUS)
        self.versions = versions


AnySequence.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnySequence = AnySequence.TestCase


def test_money_after_two_checkouts_of_the_last_unit_sells_it_once() -> None:
    store = Store(LAMP=1)
    first, second = checkout(("LAMP", 1), order_id="ord_1"), checkout(("LAMP", 1), cart_id="cart_2", order_id="ord_2")

    store.checkout(first)
    refused = store.checkout(second)
    store.now += timedelta(minutes=10)  # The first was never placed: its hold ends, and refuses nobody any more.
    taken = store.checkout(second)

    assert (type(refused), type(taken)) == (OutOfStock, CheckoutHeld)
    assert (store.sell("ord_2"), store.sell("ord_1")) == (None, UnitsGone(order_id="ord_1"))
    assert (store.stock["LAMP"].on_hand, store.stock["LAMP"].assigned) == (1, 1)
