"""The cart's conversations: with the catalog about prices, the inventory about units, and at checkout with everybody.

Every step has its own end, so that a crash between two heals itself: a cart's hold ends after ten minutes, a
checkout's too, an order that is not paid is cancelled. And every step may be repeated, with the order's id as its key.
"""

from contextlib import suppress

from redis.asyncio import Redis

from actors.cart import rules
from actors.cart.store import CartStore
from bus.messages.base import Currency, Line, Sku, new_id
from bus.messages.cart import (
    Cart,
    CartEmpty,
    CheckedOut,
    Checkout,
    CreateCart,
    GetCart,
    NoSuchCart,
    RemoveLine,
    SetLine,
)
from bus.messages.catalog import PricedSku, PriceSkus
from bus.messages.inventory import (
    GiveBack,
    HoldForCheckout,
    HoldStock,
    OutOfStock,
    StockHeld,
    StockRefused,
    UnknownSku,
)
from bus.messages.order import CancelOrder, GetOrder, Order, PlaceOrder
from bus.messages.payment import CreateIntent
from engine.actor import Actor, Bus, call
from engine.crash import CrashPoint
from engine.errors import BadInput, Unavailable

_HELD = CrashPoint("cart-held", "Units are held for a cart; the cart does not say so.")
_CHECKOUT_HELD = CrashPoint("checkout-held", "A cart's units are held for an order that does not exist.")
_PLACED = CrashPoint("checkout-placed", "An order is placed; Stripe has not been asked for its payment.")
_PAYABLE = CrashPoint("checkout-payable", "An order can be paid; its cart is still full, and nobody was answered.")


class Carts(Actor, name="cart"):
    """Keeps carts, and turns them into orders."""

    def __init__(self, *, bus: Bus, redis: Redis, currency: Currency) -> None:
        self._bus = bus
        self._store = CartStore(redis)
        self._currency = currency

    async def run(self) -> None:
        """Bring carts from Redis and to it."""
        await self._store.run()

    @call(limit=256)
    async def create(self, ask: CreateCart) -> Cart:
        del ask
        return await self._store.save(Cart(id=new_id("cart"), lines=(), currency=self._currency))

    @call(limit=256)
    async def get(self, ask: GetCart) -> Cart | NoSuchCart:
        return await self._store.load(ask.cart_id) or NoSuchCart(cart_id=ask.cart_id)

    @call(limit=256)
    async def set_line(self, ask: SetLine) -> Cart | NoSuchCart | UnknownSku | StockRefused:
        cart = await self._store.load(ask.cart_id)
        if cart is None:
            return NoSuchCart(cart_id=ask.cart_id)
        if len(rules.without(cart, ask.sku).lines) >= rules.MAX_LINES:
            raise BadInput(f"a cart has at most {rules.MAX_LINES} lines")
        priced = (await self._prices(ask.sku)).get(ask.sku)
        if priced is None:
            return UnknownSku(sku=ask.sku)
        held = await self._bus.ask(HoldStock(cart_id=cart.id, sku=ask.sku, quantity=ask.quantity))
        if not isinstance(held, StockHeld):
            return held
        _HELD.reach()
        return await self._store.save(rules.with_line(cart, priced, ask.quantity, held.until))

    @call(limit=256)
    async def remove_line(self, ask: RemoveLine) -> Cart | NoSuchCart:
        cart = await self._store.load(ask.cart_id)
        if cart is None:
            return NoSuchCart(cart_id=ask.cart_id)
        await self._bus.ask(HoldStock(cart_id=cart.id, sku=ask.sku, quantity=0))
        return await self._store.save(rules.without(cart, ask.sku))

    @call(limit=256, timeout_s=60)
    async def checkout(self, ask: Checkout) -> CheckedOut | NoSuchCart | CartEmpty | OutOfStock:
        cart = await self._store.load(ask.cart_id)
        if cart is None or not cart.lines:  # By this very checkout, or gone with Redis after it: the order is there.
            order = await self._bus.ask(GetOrder(order_id=ask.order_id))
            if isinstance(order, Order):
                await self._refuse_if_cancelled(order)
                return await self._await_payment(order)
            return NoSuchCart(cart_id=ask.cart_id) if cart is None else CartEmpty(cart_id=cart.id)
        placed = await self._place(ask, cart)
        if isinstance(placed, OutOfStock):
            return placed
        await self._refuse_if_cancelled(placed)
        _PLACED.reach()
        try:
            answer = await self._await_payment(placed)
        except BadInput:  # Stripe refuses it for good: the order must not hold its own buyer's units.
            await self._bus.ask(CancelOrder(order_id=placed.id, reason="staff"))
            raise
        _PAYABLE.reach()
        with suppress(Unavailable):  # The order stands; a cart that keeps its lines is no reason to deny it.
            await self._store.save(rules.without(cart, *(line.sku for line in placed.lines)))
        return answer

    async def _place(self, ask: Checkout, cart: Cart) -> Order | OutOfStock:
        prices = await self._prices(*(line.sku for line in cart.lines))
        unsold = tuple(StockRefused(sku=line.sku, available=0) for line in cart.lines if line.sku not in prices)
        if unsold:
            return OutOfStock(short=unsold)
        lines = rules.order_lines(cart, prices)
        if sum(line.quantity * line.unit_price.amount for line in lines) > rules.most_goods(cart.currency):
            raise BadInput("this is more than one payment can be; make it two orders")
        wanted = tuple(Line(sku=line.sku, quantity=line.quantity) for line in cart.lines)
        held = await self._bus.ask(HoldForCheckout(cart_id=cart.id, order_id=ask.order_id, lines=wanted))
        if isinstance(held, OutOfStock):
            return held
        _CHECKOUT_HELD.reach()
        return await self._bus.ask(
            PlaceOrder(
                order_id=ask.order_id,
                cart_id=cart.id,
                email=ask.email,
                name=ask.name,
                address=ask.address,
                shipping_method=ask.shipping_method,
                lines=lines,
                weight_g=rules.weight_g(cart, prices),
            )
        )

    async def _refuse_if_cancelled(self, order: Order) -> None:
        """Tried before, and called off since: its payment never began."""
        if order.status == "cancelled":
            await self._bus.ask(GiveBack(order_id=order.id))
            raise BadInput("this order was cancelled meanwhile; check out again")

    async def _await_payment(self, order: Order) -> CheckedOut:
        wanted = CreateIntent(order_id=order.id, amount=order.total, placed_at=order.created_at)
        intent = await self._bus.ask(wanted, timeout_s=30)
        return CheckedOut(
            order_id=order.id,
            intent_id=intent.intent_id,
            client_secret=intent.client_secret,
            amount=intent.amount,
        )

    async def _prices(self, *skus: Sku) -> dict[Sku, PricedSku]:
        prices = await self._bus.ask(PriceSkus(skus=skus))
        return {priced.sku: priced for priced in prices.skus}
