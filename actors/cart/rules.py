"""Decisions of the cart, and the sums that a buyer is charged. Pure: integers of minor units, no floats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec

from actors.cart import inputs, units
from bus.messages.base import Currency, LinePart, Minor, Money, OrderLine, Sku, Sums
from bus.messages.cart import (
    Block,
    Cart,
    CartEmpty,
    CartLine,
    CheckoutBlocked,
    HeldElsewhere,
    InputRefused,
    PriceChanged,
    Quote,
    QuotedMethod,
)
from bus.messages.catalog import PricedSku
from bus.messages.currencies import largest
from bus.messages.inventory import OutOfStock, StockRefused, UnknownSku
from bus.messages.parts import BundlePart
from bus.messages.shipping import PricedMethod, ShippingMethod

MAX_LINES = 100  # In one cart.
MAX_QUANTITY = 99  # Units in one line.
MAX_TOLD = 20_000  # Characters of all inputs of one cart, which is kept for a month.
KEPT_CHANGES = 32  # Of whose ids a cart remembers; a request is retried within seconds, not after so many others.


@dataclass(frozen=True, slots=True)
class Renewal:
    """The bound on renewing a hold: a SKU is held for `most` at a stretch, and then not for the time `rest`.

    By one cart; and by all carts of one client address, where somebody counts them.
    """

    most: timedelta
    rest: timedelta

    def since(self, line: CartLine | None, now: datetime) -> datetime:
        """Return the start of the stretch that a hold from now on belongs to."""
        if line is None or line.held_since is None:
            return now
        return self._goes_on(line.held_since, line.held_until, now)

    def since_elsewhere(self, held: HeldElsewhere, now: datetime) -> datetime:
        """Return the start of the stretch that the carts of an address have in common."""
        return self._goes_on(held.since, held.until, now)

    def _goes_on(self, since: datetime, until: datetime, now: datetime) -> datetime:
        return now if now >= until + self.rest else since


def line_of(cart: Cart, line_id: str) -> CartLine | None:
    """The cart's line of this id."""
    return next((line for line in cart.lines if line.id == line_id), None)


def line_for(
    priced: PricedSku, quantity: int, held_until: datetime, told: Mapping[str, str] = MappingProxyType({})
) -> CartLine | InputRefused | UnknownSku:
    """A line with this quantity of a SKU, as the SKU is now; or the reason why there can't be one.

    Args:
        priced: The SKU.
        quantity: Its units.
        held_until: The end of their hold.
        told: The buyer's inputs, by key.
    """
    chosen = inputs.chosen(priced, told)
    if isinstance(chosen, InputRefused):
        return chosen
    surcharge = inputs.surcharge(priced, chosen)
    if surcharge is None:  # Of another currency: nobody can say what it costs.
        return UnknownSku(sku=priced.sku)
    price = Money(amount=priced.price.amount + surcharge, currency=priced.price.currency)
    return CartLine(
        sku=priced.sku,
        title=priced.title,
        quantity=quantity,
        unit_price=price,
        held_until=held_until,
        parts=parts_of(priced.parts, price),
        inputs=chosen,
    )


def with_line(cart: Cart, line: CartLine) -> Cart:
    """The cart with this line, in the place that it had or at the end."""
    lines = {known.id: known for known in cart.lines} | {line.id: line}
    return msgspec.structs.replace(cart, lines=tuple(lines.values()))


def parts_of(parts: Sequence[BundlePart], price: Money) -> tuple[LinePart, ...]:
    """The parts of a bundle, each with its share of the price: by what the parts cost alone."""
    weights = [part.quantity * part.price.amount for part in parts]
    return tuple(
        LinePart(
            sku=part.sku,
            title=part.title,
            quantity=part.quantity,
            weight_g=part.weight_g,
            share=Money(amount=share, currency=price.currency),
        )
        for part, share in zip(parts, shares(price.amount, weights), strict=True)
    )


def shares(total: Minor, weights: Sequence[int]) -> list[Minor]:
    """Divide an amount by weights, by largest remainder: nothing is lost, and of equals the first gets more."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in by_rest[: total - sum(parts)]:
        parts[place] += 1
    return parts


def without(cart: Cart, *line_ids: str) -> Cart:
    """The cart without some lines."""
    return msgspec.structs.replace(cart, lines=tuple(line for line in cart.lines if line.id not in line_ids))


def quantity(cart: Cart, line_id: str) -> int:
    """The units of a line in the cart."""
    line = line_of(cart, line_id)
    return line.quantity if line else 0


def told(cart: Cart) -> int:
    """The characters of all inputs in the cart."""
    return sum(len(each.value) for line in cart.lines for each in line.inputs)


def with_change(cart: Cart, change_id: str) -> Cart:
    """The cart that remembers a relative change; an id of "" is not remembered."""
    if not change_id:
        return cart
    return msgspec.structs.replace(cart, changes=(*cart.changes, change_id)[-KEPT_CHANGES:])


def as_of_now(cart: Cart, prices: Mapping[Sku, PricedSku], currency: Currency) -> Cart:
    """The cart as its buyer reads it: at today's prices, each line with its earlier price if that has changed.

    Args:
        cart: As it is stored.
        prices: Of the SKUs that are sold now. A SKU priced in another currency than the shop's is not for sale.
        currency: The shop's.
    """
    lines = tuple(_of_now(line, prices.get(line.sku), currency) for line in cart.lines)
    return Cart(id=cart.id, lines=lines, currency=currency)


def _of_now(line: CartLine, priced: PricedSku | None, currency: Currency) -> CartLine:
    """The line at today's price; it is not for sale if its SKU is not, or not with these inputs."""
    now = line_for(priced, line.quantity, line.held_until, inputs.values(line.inputs)) if priced else None
    if not isinstance(now, CartLine) or now.unit_price.currency != currency:
        return msgspec.structs.replace(line, is_for_sale=False)
    before = line.unit_price if line.unit_price != now.unit_price else None
    return msgspec.structs.replace(now, price_before=before, held_since=line.held_since)


def subtotal(cart: Cart) -> Minor:
    """The cost of the goods that are for sale."""
    return sum(line.quantity * line.unit_price.amount for line in cart.lines if line.is_for_sale)


def order_lines(cart: Cart) -> tuple[OrderLine, ...]:
    """The lines that would be ordered from a cart as of now."""
    return tuple(
        OrderLine(
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price=line.unit_price,
            parts=line.parts,
            inputs=line.inputs,
        )
        for line in cart.lines
        if line.is_for_sale
    )


def weight_g(cart: Cart, prices: Mapping[Sku, PricedSku]) -> int:
    """The weight of all goods together."""
    return sum(line.quantity * prices[line.sku].weight_g for line in cart.lines if line.sku in prices)


def quote(
    cart: Cart, methods: Sequence[PricedMethod], chosen: ShippingMethod | None, codes: Sequence[str] = ()
) -> Quote:
    """Compute a cart's sums, and the blocks of its checkout. The only place where such sums are computed.

    Args:
        cart: As of now.
        methods: The shop's, in its currency.
        chosen: The buyer's method; None for the first.
        codes: The buyer's discount codes.
    """
    goods = subtotal(cart)
    method = next((method for method in methods if chosen in (None, method.id)), None)
    sums = _sums(cart.currency, goods, _shipping(method, goods) if cart.lines else 0) if method else None

    def money(amount: Minor) -> Money:
        return Money(amount=amount, currency=cart.currency)

    return Quote(
        cart=cart,
        shipping_method=method.id if method else None,
        methods=tuple(
            QuotedMethod(
                id=each.id,
                title=each.title,
                days_min=each.days_min,
                days_max=each.days_max,
                price=money(_shipping(each, goods)),
            )
            for each in methods
        ),
        subtotal=money(goods),
        sums=sums,
        blocks=(*_of_goods(cart), *_of_method(cart.currency, methods, chosen), *_of_codes(codes), *_of_sums(sums)),
    )


def _sums(currency: Currency, goods: Minor, shipping: Minor) -> Sums:
    return Sums(currency=currency, subtotal=goods, shipping=shipping, total=goods + shipping)


def _shipping(method: PricedMethod, goods: Minor) -> Minor:
    return 0 if method.free_from is not None and goods >= method.free_from else method.price


def _of_goods(cart: Cart) -> list[Block]:
    if not cart.lines:
        return [Block(code="cart_empty", detail="There is nothing in this cart.")]
    return [
        Block(code="not_sold", detail=f"{line.title} is no longer sold.", sku=line.sku, available=0)
        for line in cart.lines
        if not line.is_for_sale
    ]


def _of_method(currency: Currency, methods: Sequence[PricedMethod], chosen: ShippingMethod | None) -> list[Block]:
    if not methods:
        return [Block(code="no_shipping_method", detail=f"The shop has no shipping prices in {currency} yet.")]
    if chosen is None or any(method.id == chosen for method in methods):
        return []
    known = ", ".join(method.id for method in methods)
    return [Block(code="unknown_shipping_method", detail=f"shipping_method: there is {known}", given=chosen)]


def _of_codes(codes: Sequence[str]) -> list[Block]:
    return [Block(code="unknown_code", detail=f"There is no code {code}.", given=code) for code in codes]


def _of_sums(sums: Sums | None) -> list[Block]:
    if sums is None or sums.total <= largest(sums.currency):
        return []
    return [Block(code="amount_too_large", detail="This is more than one payment can be; make it two orders.")]


def shortages(cart: Cart, available: Mapping[Sku, int], now: datetime) -> tuple[Block, ...]:
    """Blocks of the lines whose hold has ended and whose units are no longer available."""
    unheld = [line for line in cart.lines if line.is_for_sale and line.held_until <= now]
    return tuple(
        Block(code="out_of_stock", detail=f"Only {left} left of {line.title}.", sku=line.sku, available=left)
        for line, left in units.lacking(unheld, available)
    )


def with_blocks(quoted: Quote, more: tuple[Block, ...]) -> Quote:
    """The quote with more blocks."""
    return msgspec.structs.replace(quoted, blocks=quoted.blocks + more)


def refusal(quoted: Quote, expected: Money | None) -> CartEmpty | OutOfStock | CheckoutBlocked | PriceChanged | None:
    """The refusal of a cart as it was quoted; None if the cart can be bought."""
    if not quoted.cart.lines:
        return CartEmpty(cart_id=quoted.cart.id)
    if unsold := tuple(line.sku for line in quoted.cart.lines if not line.is_for_sale):
        return OutOfStock(short=tuple(StockRefused(sku=sku, available=0) for sku in unsold))
    if quoted.blocks or quoted.sums is None:
        return CheckoutBlocked(blocks=quoted.blocks)
    total = Money(amount=quoted.sums.total, currency=quoted.sums.currency)
    return PriceChanged(expected=expected, total=total) if expected not in (None, total) else None
