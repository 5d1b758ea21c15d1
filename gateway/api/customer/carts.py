"""A customer's cart at their sign-in: the one of this browser, together with the one that they had before."""

from contextlib import suppress

from bus.messages.cart import Cart, GetCart
from bus.messages.customer import KeepCart, Profile
from engine.errors import ShopFlowError
from gateway.context import GatewayContext, Http


async def merged_cart(context: GatewayContext, request: Http, profile: Profile, cart_id: str) -> Cart | None:
    """Return the cart to go on with, None if there is none. No sign-in fails because of a cart."""
    with suppress(ShopFlowError):
        return await _merged(context, request, profile, cart_id)
    return None


async def _merged(context: GatewayContext, request: Http, profile: Profile, cart_id: str) -> Cart | None:
    del request
    found = await context.bus.ask(GetCart(cart_id=cart_id or profile.cart_id or ""))
    cart = found if isinstance(found, Cart) else None
    if cart is not None and cart.id != profile.cart_id:
        await context.bus.ask(KeepCart(customer_id=profile.customer_id, cart_id=cart.id))
    return cart
