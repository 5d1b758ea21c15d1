"""The call that makes one cart of two.

The holds move first, in one turn of the inventory: from there on they are the customer's, whatever happens here. If the
process dies before both carts are saved, the next sign-in finds the same two carts, and the holds where they are to be.
"""

import asyncio

import msgspec

from actors.cart import merging, rules, units
from actors.cart.store import CartStore
from bus.messages.base import Currency, Sku, units_of
from bus.messages.cart import Cart, CartsMerged, MergeCarts, NoSuchCart
from bus.messages.catalog import PricedSku
from bus.messages.inventory import HoldUnits, MoveHolds
from engine.actor import Bus, call
from engine.clock import Clock
from engine.crash import CrashPoint

_MOVED = CrashPoint("carts-merging", "One cart's holds are another's; neither cart says so.")
_SAVED = CrashPoint("carts-merged", "A cart has what another had, which still has it, too.")


class Merges:
    """How a customer's cart and that of their browser become one. A part of `Carts`."""

    _bus: Bus
    _store: CartStore
    _clock: Clock
    _currency: Currency
    _renewal: rules.Renewal

    @call(limit=64)
    async def merge(self, ask: MergeCarts) -> CartsMerged | NoSuchCart:
        own, guest = await asyncio.gather(self._store.load(ask.cart_id), self._store.load(ask.guest_id))
        if own is None or merging.is_anothers(own, ask.owner):
            return NoSuchCart(cart_id=ask.cart_id)
        own = msgspec.structs.replace(own, owner=ask.owner)
        if guest is None or guest.id == own.id or merging.is_anothers(guest, ask.owner):
            return CartsMerged(cart=await self._shown(await self._save(own)), changes=())
        merged = await self._merge(own, guest)
        await self._save(merged)
        _SAVED.reach()
        await self._save(Cart(id=guest.id, lines=(), currency=guest.currency, merged_into=own.id))
        changes = merging.changes(own, guest, merged, self._clock.now())
        return CartsMerged(cart=await self._shown(merged), changes=changes)

    async def _merge(self, own: Cart, guest: Cart) -> Cart:
        """Move the holds of a cart to another, hold what more is wanted, and return the other with all lines."""
        now = self._clock.now()
        merged = merging.merged(own, guest, self._renewal, now)
        lines = merging.holdable(merged, self._renewal, now)
        totals = units_of(lines)
        if not totals:
            return merging.with_holds(merged, (), {}, now, now)
        end = merging.not_after(lines, self._renewal, now)
        moved = await self._bus.ask(
            MoveHolds(cart_id=own.id, from_cart=guest.id, units=units.as_units(totals), not_after=end)
        )
        _MOVED.reach()
        held = {each.sku: each.quantity for each in moved.held}
        kept = merging.with_holds(merged, lines, held, moved.until, now)
        needed = merging.needed(kept, now)
        if left := {sku: needed.get(sku, 0) for sku, quantity in held.items() if quantity != needed.get(sku, 0)}:
            await self._bus.ask(HoldUnits(cart_id=own.id, units=units.as_units(left), not_after=moved.until))
        return kept

    async def _shown(self, cart: Cart) -> Cart:
        return rules.as_of_now(cart, await self._prices(cart), self._currency)

    async def _save(self, cart: Cart) -> Cart:
        raise NotImplementedError

    async def _prices(self, cart: Cart, *more: Sku) -> dict[Sku, PricedSku]:
        raise NotImplementedError
