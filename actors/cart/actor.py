"""The cart's calls: they ask the catalog for prices, the inventory for units, and at checkout payments and orders too.

Each step of a checkout ends by itself, so that a crash between two steps needs no repair: the holds of carts and of
checkouts end after ten minutes, an intent without an order is cancelled, and so is an unpaid order. Each step may be
repeated, with the order's id as its key. The intent is made before the order: if Stripe refuses it for good, there is
no order, no order number and no mail.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Protocol

import msgspec
from redis.asyncio import Redis

from actors.cart import inputs, rules, units
from actors.cart.merger import Merges
from actors.cart.store import CartStore
from bus.messages.base import CartId, Currency, Money, Sku, Sums, new_id, units_of
from bus.messages.cart import (
    Cart,
    CartEmpty,
    CartLine,
    ChangeLine,
    CheckedOut,
    Checkout,
    CheckoutBlocked,
    CreateCart,
    GetCart,
    HeldElsewhere,
    InputRefused,
    NoSuchCart,
    PaymentRefused,
    PriceChanged,
    Quote,
    QuoteCart,
    RemoveLine,
    SetLine,
)
from bus.messages.catalog import PricedSku, PriceSkus
from bus.messages.inventory import (
    GetStock,
    GiveBack,
    HoldForCheckout,
    HoldStock,
    HoldUnits,
    OutOfStock,
    StockHeld,
    StockRefused,
    UnitsHeld,
    UnknownSku,
)
from bus.messages.order import GetOrder, Order, PlaceOrder
from bus.messages.payment import CreateIntent, Intent, IntentClosed, IntentRefused
from bus.messages.privacy import ForgetCart
from bus.messages.shipping import ListShippingMethods
from engine import telemetry
from engine.actor import Actor, Bus, call
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import BadInput, Unavailable
from engine.settings import Seconds, Settings, meaning

_HELD = CrashPoint("cart-held", "Units are held for a cart; the cart does not say so.")
_CHECKOUT_HELD = CrashPoint("checkout-held", "A cart's units are held for an order that does not exist.")
_PAYABLE = CrashPoint("checkout-payable", "Stripe waits for the money of an order that does not exist.")
_PLACED = CrashPoint("checkout-placed", "An order can be paid; its cart is still full, and nobody was answered.")


class CartSettings(Settings, frozen=True, kw_only=True):
    """How long carts may keep units from others."""

    shopflow_cart_held_s: Annotated[
        Seconds,
        meaning(
            "How long one cart, or new carts of one client address in turn, may hold a SKU by renewing the hold. Then "
            "a cart keeps the line alone."
        ),
    ] = 3600.0
    shopflow_cart_rest_s: Annotated[
        Seconds, meaning("How long that SKU can't be held again then; checking out takes the units that are left.")
    ] = 600.0


class CartPublisher(Protocol):
    """Publishes that carts have changed. A hint only: their watchers also read now and then."""

    def publish_carts(self, carts: Sequence[CartId]) -> None:
        """Publish soon that these carts have changed."""
        ...


class Carts(Merges, Actor, name="cart"):
    """Keeps carts, computes what they cost, and turns them into orders."""

    def __init__(
        self,
        *,
        bus: Bus,
        redis: Redis,
        clock: Clock,
        updates: CartPublisher,
        currency: Currency,
        settings: CartSettings,
    ) -> None:
        self._bus = bus
        self._updates = updates
        self._store = CartStore(redis)
        self._clock = clock
        self._currency = currency
        self._renewal = rules.Renewal(
            most=timedelta(seconds=settings.shopflow_cart_held_s), rest=timedelta(seconds=settings.shopflow_cart_rest_s)
        )
        self._log = telemetry.logger(actor="cart")

    async def run(self) -> None:
        """Load carts from Redis, and save them there."""
        await self._store.run()

    @call(limit=256)
    async def create(self, ask: CreateCart) -> Cart:
        del ask
        return await self._store.save(Cart(id=new_id("cart"), lines=(), currency=self._currency))

    @call
    async def forget(self, ask: ForgetCart) -> None:
        await self._store.remove(ask.cart_id)

    @call(limit=256)
    async def get(self, ask: GetCart) -> Cart | NoSuchCart:
        cart = await self._store.load(ask.cart_id)
        if cart is None:
            return NoSuchCart(cart_id=ask.cart_id)
        return rules.as_of_now(cart, await self._prices(cart), self._currency)

    @call(limit=256)
    async def set_line(self, ask: SetLine) -> Cart | NoSuchCart | UnknownSku | StockRefused | InputRefused:
        cart = await self._store.load(ask.cart_id)
        if cart is None:
            return NoSuchCart(cart_id=ask.cart_id)
        if cart.id != ask.cart_id:
            return await self._bus.ask(msgspec.structs.replace(ask, cart_id=cart.id))  # In that cart's lane.
        return await self._set(
            cart, inputs.id_of(ask.sku, ask.inputs), ask.quantity, inputs.tidy(ask.inputs), ask.elsewhere
        )

    @call(
        limit=256
    )  # Calls about one cart run one after the other, so none of them changes a cart that another has read.
    async def change_line(self, ask: ChangeLine) -> Cart | NoSuchCart | UnknownSku | StockRefused | InputRefused:
        cart = await self._store.load(ask.cart_id)
        if cart is None:
            return NoSuchCart(cart_id=ask.cart_id)
        if cart.id != ask.cart_id:
            return await self._bus.ask(msgspec.structs.replace(ask, cart_id=cart.id))  # In that cart's lane.
        if ask.change_id in cart.changes:  # Made already; its answer was lost.
            return rules.as_of_now(cart, await self._prices(cart), self._currency)
        line_id = inputs.id_of(ask.sku, ask.inputs)
        quantity, changed = rules.quantity(cart, line_id) + ask.by, rules.with_change(cart, ask.change_id)
        if quantity > rules.MAX_QUANTITY:
            raise BadInput(f"a cart has at most {rules.MAX_QUANTITY} units of one article")
        if quantity < 1:
            return await self._remove(changed, line_id)
        return await self._set(changed, line_id, quantity, inputs.tidy(ask.inputs), ask.elsewhere)

    @call(limit=256)
    async def remove_line(self, ask: RemoveLine) -> Cart | NoSuchCart:
        cart = await self._store.load(ask.cart_id)
        if cart is None:
            return NoSuchCart(cart_id=ask.cart_id)
        if cart.id != ask.cart_id:
            return await self._bus.ask(msgspec.structs.replace(ask, cart_id=cart.id))  # In that cart's lane.
        return await self._remove(cart, ask.sku)

    async def _set(
        self,
        cart: Cart,
        line_id: str,
        quantity: int,
        given: Mapping[str, str],
        elsewhere: Sequence[HeldElsewhere] | None,
    ) -> Cart | UnknownSku | StockRefused | InputRefused:
        if len(rules.without(cart, line_id).lines) >= rules.MAX_LINES:
            raise BadInput(f"a cart has at most {rules.MAX_LINES} lines")
        known, sku, now = rules.line_of(cart, line_id), inputs.sku_of(line_id), self._clock.now()
        if sku != line_id and not (known or given):
            return UnknownSku(sku=line_id)
        prices = await self._prices(cart, sku)
        told = given or (inputs.values(known.inputs) if known else {})
        line = rules.line_for(prices[sku], quantity, now, told) if sku in prices else UnknownSku(sku=sku)
        if not isinstance(line, CartLine):
            return line
        if line.inputs and rules.told(rules.with_line(cart, line)) > rules.MAX_TOLD:
            raise BadInput(f"the words in a cart have at most {rules.MAX_TOLD:,} characters together")
        totals = units.wanted(cart, line, now)
        shared = units.sharing(cart, totals, but=line_id)
        others = [self._renewal.since_elsewhere(each, now) for each in elsewhere or () if each.sku in totals]
        since = min([*(self._renewal.since(each, now) for each in (known, *shared)), *others])
        line = msgspec.structs.replace(line, held_since=since, held_until=since + self._renewal.most)
        if line.held_until <= now:  # Held for so long that others come first for a while.
            return rules.as_of_now(await self._save(rules.with_line(cart, line)), prices, self._currency)
        until = await self._hold(cart, line, totals, elsewhere)
        if not isinstance(until, datetime):
            return until
        _HELD.reach()
        held = rules.with_line(cart, msgspec.structs.replace(line, held_until=until))
        kept = await self._save(units.renewed(held, totals, until, now) if shared else held)
        return rules.as_of_now(kept, prices, self._currency)

    async def _hold(
        self, cart: Cart, line: CartLine, totals: Mapping[Sku, int], elsewhere: Sequence[HeldElsewhere] | None
    ) -> datetime | UnknownSku | StockRefused:
        """Hold units of all these SKUs for a line, at most until its end; return the end of the hold."""
        others = None if elsewhere is None else units.elsewhere(elsewhere, totals)
        if totals == {line.sku: line.quantity}:
            wanted = HoldStock(
                cart_id=cart.id, sku=line.sku, quantity=line.quantity, not_after=line.held_until, elsewhere=others
            )
            held = await self._bus.ask(wanted)
            return held.until if isinstance(held, StockHeld) else held
        several = HoldUnits(cart_id=cart.id, units=units.as_units(totals), not_after=line.held_until, elsewhere=others)
        answer = await self._bus.ask(several)
        return answer.until if isinstance(answer, UnitsHeld) else units.refused(line, totals, answer.short)

    async def _remove(self, cart: Cart, line_id: str) -> Cart:
        left = rules.without(cart, line_id)
        left, prices = await asyncio.gather(self._release(cart, line_id, left), self._prices(left))
        return rules.as_of_now(await self._save(left), prices, self._currency)

    async def _release(self, cart: Cart, line_id: str, left: Cart) -> Cart:
        """Give back the units of a line, but for those that other lines hold, until the first end of these.

        Returns what is left with these ends.
        """
        now, sku = self._clock.now(), inputs.sku_of(line_id)
        totals = units.released(cart, line_id, now)
        if totals == {sku: 0}:
            await self._bus.ask(HoldStock(cart_id=cart.id, sku=sku, quantity=0))
            return left
        ends = [line.held_until for line in units.sharing(cart, totals, but=line_id) if line.held_until > now]
        end = min(ends, default=None)
        await self._bus.ask(HoldUnits(cart_id=cart.id, units=units.as_units(totals), not_after=end))
        return units.shortened(left, totals.keys(), end) if end else left

    async def _save(self, cart: Cart) -> Cart:
        """Save a cart, and report the change to its watchers."""
        await self._store.save(cart)
        self._updates.publish_carts([cart.id])
        return cart

    @call(limit=256)
    async def quote(self, ask: QuoteCart) -> Quote | NoSuchCart:
        cart = await self._store.load(ask.cart_id)
        if cart is None:
            return NoSuchCart(cart_id=ask.cart_id)
        known = units_of(cart.lines)
        (quoted, _), available = await asyncio.gather(
            self._quote(cart, ask.shipping_method, ask.codes), self._available(known)
        )
        if further := units_of(quoted.cart.lines).keys() - known.keys():  # Of a bundle that has changed since.
            available |= await self._available(further)
        short = rules.shortages(quoted.cart, available, self._clock.now())
        return rules.with_blocks(quoted, short)

    async def _available(self, skus: Collection[Sku]) -> dict[Sku, int]:
        levels = (await self._bus.ask(GetStock(skus=tuple(skus)))).levels
        return {level.sku: level.available for level in levels}

    @call(limit=256, timeout_s=60)
    async def checkout(
        self, ask: Checkout
    ) -> CheckedOut | NoSuchCart | CartEmpty | OutOfStock | CheckoutBlocked | PriceChanged | PaymentRefused:
        cart = await self._store.load(ask.cart_id)
        if cart is not None and cart.id != ask.cart_id:
            return await self._bus.ask(msgspec.structs.replace(ask, cart_id=cart.id), timeout_s=60)
        if not ask.is_first:  # An earlier try may have placed the order: that stands, whatever the cart is now.
            order = await self._bus.ask(GetOrder(order_id=ask.order_id))
            if isinstance(order, Order):
                return await self._again(ask, order, cart)
        answer = await self._buy(ask, cart) if cart else NoSuchCart(cart_id=ask.cart_id)
        if isinstance(answer, CheckedOut):
            return answer
        if not ask.is_first or isinstance(answer, PaymentRefused | IntentClosed):
            await self._give_back(ask)  # Held by this try, or by an earlier one.
        if isinstance(answer, IntentClosed):
            raise _called_off()
        return answer

    async def _buy(
        self, ask: Checkout, cart: Cart
    ) -> CheckedOut | CartEmpty | OutOfStock | CheckoutBlocked | PriceChanged | PaymentRefused | IntentClosed:
        if not cart.lines:
            return CartEmpty(cart_id=cart.id)
        quoted, weight_g = await self._quote(cart, ask.shipping_method)
        if (refused := rules.refusal(quoted, ask.expected_total)) or quoted.sums is None:
            return refused or CheckoutBlocked(blocks=quoted.blocks)
        sums, lines = quoted.sums, rules.order_lines(quoted.cart)
        wanted = units.as_units(units_of(lines))
        held = await self._bus.ask(HoldForCheckout(cart_id=cart.id, order_id=ask.order_id, lines=wanted))
        if isinstance(held, OutOfStock):
            return OutOfStock(short=units.short_lines(lines, held.short))
        _CHECKOUT_HELD.reach()
        payable = await self._payable(ask, sums)
        if not isinstance(payable, CheckedOut):
            return payable
        _PAYABLE.reach()
        order = await self._bus.ask(
            PlaceOrder(
                order_id=ask.order_id,
                cart_id=cart.id,
                email=ask.email,
                name=ask.name,
                address=ask.address,
                phone=ask.phone,
                shipping_method=ask.shipping_method,
                lines=lines,
                weight_g=weight_g,
                sums=sums,
            )
        )
        if order.status == "cancelled" or order.total != payable.amount:  # Placed by an earlier try.
            return await self._again(ask, order, cart)
        _PLACED.reach()
        await self._take_out(cart, order)
        return payable

    async def _payable(self, ask: Checkout, sums: Sums) -> CheckedOut | PriceChanged | PaymentRefused | IntentClosed:
        total = Money(amount=sums.total, currency=sums.currency)
        if not total.amount:
            return _nothing_to_pay(ask, total)
        wanted = CreateIntent(order_id=ask.order_id, amount=total, began_at=ask.began_at)
        intent = await self._bus.ask(wanted, timeout_s=30)
        if isinstance(intent, IntentRefused):
            return PaymentRefused()
        if isinstance(intent, IntentClosed):
            return intent
        if intent.amount != total:  # An earlier try of this checkout asked for another sum, and got no further.
            return PriceChanged(expected=intent.amount, total=total)
        return _checked_out(intent)

    async def _again(self, ask: Checkout, order: Order, cart: Cart | None) -> CheckedOut | PaymentRefused:
        """Answer with the existing order and its intent, as the first try did or would have done."""
        if order.status == "cancelled":
            await self._give_back(ask)
            raise _called_off()
        await self._take_out(cart, order)
        if not order.total.amount:
            return _nothing_to_pay(ask, order.total)
        began_at = ask.began_at or order.created_at
        wanted = CreateIntent(order_id=order.id, amount=order.total, began_at=began_at)
        intent = await self._bus.ask(wanted, timeout_s=30)
        if isinstance(intent, IntentClosed):
            raise _called_off()
        return _checked_out(intent) if isinstance(intent, Intent) else PaymentRefused()

    async def _take_out(self, cart: Cart | None, order: Order) -> None:
        """Remove the ordered lines from the cart."""
        if cart and cart.lines:
            with suppress(Unavailable):  # The order stands; a cart that keeps its lines is no reason to deny it.
                await self._save(rules.without(cart, *(line.id for line in order.lines)))

    async def _give_back(self, ask: Checkout) -> None:
        with suppress(Unavailable):  # The buyer's answer, that nothing was bought, is true; the hold ends by itself.
            await self._bus.ask(GiveBack(order_id=ask.order_id))

    async def _quote(self, cart: Cart, chosen: str | None, codes: tuple[str, ...] = ()) -> tuple[Quote, int]:
        """A cart's quote and weight, as of now."""
        methods, prices = await asyncio.gather(
            self._bus.ask(ListShippingMethods(currency=self._currency)), self._prices(cart)
        )
        if not methods.methods:
            self._log.error("nothing can be sold: no shipping method has a price", currency=self._currency)
        now = rules.as_of_now(cart, prices, self._currency)
        return rules.quote(now, methods.methods, chosen, codes), rules.weight_g(cart, prices)

    async def _prices(self, cart: Cart, *more: Sku) -> dict[Sku, PricedSku]:
        skus = tuple(dict.fromkeys((*(line.sku for line in cart.lines), *more)))
        prices = (await self._bus.ask(PriceSkus(skus=skus))).skus if skus else ()
        return {priced.sku: priced for priced in prices}


def _checked_out(intent: Intent) -> CheckedOut:
    return CheckedOut(
        order_id=intent.order_id, intent_id=intent.intent_id, client_secret=intent.client_secret, amount=intent.amount
    )


def _nothing_to_pay(ask: Checkout, total: Money) -> CheckedOut:
    return CheckedOut(order_id=ask.order_id, intent_id="", client_secret="", amount=total)


def _called_off() -> BadInput:
    return BadInput("this order was cancelled meanwhile; check out again")
