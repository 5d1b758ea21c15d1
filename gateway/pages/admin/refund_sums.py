"""The prices that were paid for each part of an order, and the sums that go back for some of its units. Pure.

A discount was taken off the goods as a whole, and tax may lie on top of everything. Both are spread over the parts in
proportion to their prices, so that all parts together are the order's total, to the last minor unit. For some units of
a line their share goes back, rounded down: unit by unit never more goes back than the line has cost.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bus.messages.base import Money
from bus.messages.currencies import step
from gateway.api.order import OrderView
from gateway.pages.forms import Form
from gateway.problems import Problem

SHIPPING: Final = "shipping"
FEES: Final = "fees"


class RefundPart(NamedTuple):
    """A line of an order, or its shipping or fees, which are one unit. `name` is its field in a form."""

    name: str
    title: str
    units: int
    paid: Money  # For all its units, with its share of discount and tax.


class RefundChoice(NamedTuple):
    """Units of a part that are to go back, and their money."""

    part: RefundPart
    units: int
    sum: Money


def parts_of(order: OrderView) -> Sequence[RefundPart]:
    """Split an order's total into its parts: the lines, `l0` and so on, then shipping and fees where they cost."""
    least = step(order.total.currency)
    prices = [line.total.amount for line in order.lines]
    off = spread(order.discount.amount, prices, least)
    net = [*(price - less for price, less in zip(prices, off, strict=True)), order.shipping.amount, order.fees.amount]
    tax = spread(0 if order.prices_include_tax else order.tax.amount, net, least)
    names = [*((f"l{at}", line.title, line.quantity) for at, line in enumerate(order.lines)), (SHIPPING, "", 1)]
    paid = (Money(amount=each + on_top, currency=order.total.currency) for each, on_top in zip(net, tax, strict=True))
    parts = [RefundPart(*name, money) for name, money in zip([*names, (FEES, "", 1)], paid, strict=True)]
    return [part for part in parts if part.paid.amount or part.name not in (SHIPPING, FEES)]


def spread(amount: int, over: Sequence[int], least: int = 1) -> Sequence[int]:
    """Divide an amount in proportion to others, so that the pieces add up to it.

    Args:
        amount: In minor units, at least 0.
        over: What it is spread over; where all is 0, the last one takes it.
        least: Each piece is a multiple of this, but for the last one.
    """
    whole, done, reached, pieces = sum(over), 0, 0, list[int]()
    for each in over:
        reached += each
        until = amount * reached // whole // least * least if whole else 0
        pieces.append(until - done)
        done = until
    if pieces:
        pieces[-1] += amount - done
    return pieces


def chosen_of(parts: Sequence[RefundPart], form: Form) -> Sequence[RefundChoice]:
    """Read how many units of each part are to go back; 0 for what the form does not name.

    Raises:
        Problem: It is no number, or there are not so many.
    """
    return [_chosen(part, form.number(part.name) or 0) for part in parts]


def sum_of(chosen: Sequence[RefundChoice], currency: str) -> Money:
    """Add up what goes back."""
    return Money(amount=sum(each.sum.amount for each in chosen), currency=currency)


def fields_of(chosen: Sequence[RefundChoice]) -> Mapping[str, str]:
    """Return the fields of a form that choose the same."""
    return {each.part.name: str(each.units) for each in chosen if each.units}


def _chosen(part: RefundPart, units: int) -> RefundChoice:
    if not 0 <= units <= part.units:
        detail = f"{part.name}: must be between 0 and {part.units}"
        raise Problem(422, "invalid", detail, field=part.name)
    least, paid = step(part.paid.currency), part.paid.amount
    back = paid if units == part.units else paid * units // part.units // least * least
    return RefundChoice(part, units, Money(amount=back, currency=part.paid.currency))
