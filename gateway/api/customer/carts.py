"""A customer's cart at their sign-in: the one of this browser, together with the one that they had before."""

from contextlib import suppress

from bus.messages.cart import CartsMerged, MergeCarts
from bus.messages.customer import Profile
from bus.messages.customer_own import KeepCart
from engine.errors import ShopFlowError
from gateway.context import GatewayContext


async def merged_cart(context: GatewayContext, profile: Profile, guest_id: str) -> CartsMerged | None:
    """Return the cart to go on with, None if there is none. No sign-in fails because of a cart.

    Args:
        context: The services.
        profile: The customer's.
        guest_id: The cart of the browser, "" if it has none.
    """
    with suppress(ShopFlowError):
        merged = await _merged(context, profile, guest_id)
        if merged is not None and merged.cart.id != profile.cart_id:
            await context.bus.ask(KeepCart(customer_id=profile.customer_id, cart_id=merged.cart.id))
        return merged
    return None


async def _merged(context: GatewayContext, profile: Profile, guest_id: str) -> CartsMerged | None:
    for cart_id in filter(
        None, (profile.cart_id, guest_id)
    ):  # The customer's may be gone: then the browser's is theirs.
        ask = MergeCarts(cart_id=cart_id, guest_id=guest_id or cart_id, owner=profile.customer_id)
        merged = await context.bus.ask(ask)
        if isinstance(merged, CartsMerged):
            return merged
    return None
