"""What is true of an order after any sequence of facts that the house can tell it."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.order import rules
from actors.order.rules import Fact, OrderState
from bus.messages.order import OrderCancelled, OrderDelivered, OrderFulfilled, PaymentCameLate, RefundRequested
from bus.messages.shipping import ParcelStatus
from tests.actors.order.support import DECIDE, EARLIER, NOON, order_after, order_of, said

quickly = settings(deadline=None, max_examples=200)
WAY: tuple[Fact, ...] = ("paid", "picking", "packed", "shipped", "moving", "delivered")


@dataclass
class House:
    """Tells an order only what the others really could, and remembers what they still have to answer."""

    order: OrderState = field(default_factory=order_of)
    is_paid: bool = False
    may_be_short: bool = False  # The inventory has heard of the money, and may not have the units.

    @property
    def is_asked(self) -> bool:
        """Whether the inventory still has to say if late money can have its units."""
        return len(said(self.order, PaymentCameLate)) > self.answers

    answers: int = 0

    def tell(self, fact: Fact) -> None:
        if fact == "paid":
            if self.is_paid:
                return  # The payment says so once.
            self.is_paid = self.may_be_short = True
        if fact == "units_gone":
            if self.may_be_short:
                self.may_be_short = False
            elif self.is_asked:
                self.answers += 1
            else:
                return
        if fact == "units_retaken":
            if not self.is_asked:
                return
            self.answers += 1
            self.may_be_short = False
        DECIDE[fact](self.order)


@quickly
@given(st.lists(st.sampled_from(sorted(DECIDE)), max_size=14))
def test_money_goes_back_exactly_once_and_only_if_nothing_will_be_delivered(facts: list[Fact]) -> None:
    house = House()

    for fact in facts:
        house.tell(fact)
    if house.is_asked:
        house.answers += 1
        rules.units_gone(house.order, NOON)

    is_owed = house.is_paid and house.order.status == "cancelled"
    is_back = house.order.cancel_reason == "refunded"  # By somebody's hand, which is what ended it.
    assert len(said(house.order, RefundRequested)) + is_back == int(is_owed)


@quickly
@given(st.lists(st.sampled_from(sorted(DECIDE)), max_size=14))
def test_what_an_order_says_of_its_end_it_says_once(facts: list[Fact]) -> None:
    house = House()

    for fact in facts:
        house.tell(fact)

    assert len(said(house.order, OrderFulfilled)) <= 1
    assert len(said(house.order, OrderDelivered)) == int(house.order.status == "delivered")
    if house.order.status == "cancelled":
        assert said(house.order, OrderCancelled)
        assert not said(house.order, OrderFulfilled)


@quickly
@given(st.data())
def test_facts_that_are_told_again_end_in_the_same_status(data: st.DataObject) -> None:
    told = list(WAY)
    for place in data.draw(st.lists(st.integers(0, len(WAY) - 1), max_size=6)):
        told.insert(data.draw(st.integers(told.index(WAY[place]) + 1, len(told))), WAY[place])

    order = order_after(*told)

    assert order.status == "delivered"
    assert len(said(order, OrderDelivered)) == len(said(order, OrderFulfilled)) == 1


@quickly
@given(st.permutations(["picked_up", "in_transit", "out_for_delivery", "exception", "delivered", "delivered"]))
def test_a_carriers_words_in_any_order_end_in_the_same_status(words: list[ParcelStatus]) -> None:
    order = order_of("shipped")

    for word in words:
        rules.moved(order, word, None, EARLIER, NOON)

    assert (order.status, len(said(order, OrderDelivered))) == ("delivered", 1)


@quickly
@given(st.permutations(["paid", "called_off"]), st.booleans())
def test_a_cancel_and_the_money_end_the_same_whichever_comes_first(facts: list[Fact], is_repeated: bool) -> None:
    order = order_after(*facts, *(("called_off",) if is_repeated else ()))

    assert order.status == "cancelled"
    assert said(order, RefundRequested) == [RefundRequested(order_id=order.id, reason="customer")]


@given(st.permutations(["paid", "overdue"]))
def test_the_timeout_and_the_money_end_the_same_when_the_units_are_there(facts: list[Fact]) -> None:
    order = order_after(*facts)

    if said(order, PaymentCameLate):
        rules.units_retaken(order, NOON)

    assert (order.status, said(order, RefundRequested)) == ("paid", [])
