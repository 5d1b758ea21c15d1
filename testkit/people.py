"""Buyers for tests and measurements: the details of a checkout, and the way from an empty cart to an order."""

from collections.abc import Mapping
from typing import Final

from bus.messages.base import Address, new_id
from bus.messages.cart import Cart, CheckedOut, Checkout, CreateCart, SetLine
from engine.actor import Asks

EMAIL: Final = "ada@example.com"
NAME: Final = "Ada Buyer"
ADDRESS: Final = Address(line1="1 Harbour Street", city="Hamburg", postal_code="20095", country="DE")
# The body of `POST /carts/{id}/checkout`, as pages write it: a field that is left out is not the same as an empty one.
DELIVERY: Final[Mapping[str, object]] = {
    "email": EMAIL,
    "name": NAME,
    "address": {
        "line1": ADDRESS.line1,
        "city": ADDRESS.city,
        "postal_code": ADDRESS.postal_code,
        "country": ADDRESS.country,
    },
    "shipping_method": "standard",
}


class BusBuyer:
    """Fills carts and checks out, by messages."""

    def __init__(self, bus: Asks, *, email: str = EMAIL, timeout_s: float | None = None) -> None:
        """Make a buyer.

        Args:
            bus: The bus or shop that takes the commands.
            email: The buyer's address.
            timeout_s: How long to wait for each answer; the engine's default if not given.
        """
        self._bus = bus
        self._email = email
        self._timeout_s = timeout_s

    async def fill_cart(self, lines: Mapping[str, int]) -> Cart:
        """Make a cart with so many units of each SKU."""
        cart = await self._bus.ask(CreateCart(), timeout_s=self._timeout_s)
        for sku, quantity in lines.items():
            line = SetLine(cart_id=cart.id, sku=sku, quantity=quantity)
            filled = await self._bus.ask(line, timeout_s=self._timeout_s)
            assert isinstance(filled, Cart), filled
            cart = filled
        return cart

    def checkout(self, cart: Cart, order_id: str = "") -> Checkout:
        """Write a checkout.

        Args:
            cart: The cart to check out.
            order_id: A name for the order, which is also the checkout's key: a given one may be a repeat.
        """
        return Checkout(
            cart_id=cart.id,
            order_id=order_id or new_id("ord"),
            email=self._email,
            name=NAME,
            address=ADDRESS,
            is_first=not order_id,
        )

    async def check_out(self, cart: Cart, order_id: str = "") -> CheckedOut:
        """ShopPlace an order, which then waits for its payment."""
        placed = await self._bus.ask(self.checkout(cart, order_id), timeout_s=self._timeout_s)
        assert isinstance(placed, CheckedOut), placed
        return placed


def payment_form(publishable_key: str, client_secret: str, method: str = "pm_card_visa") -> dict[str, str]:
    """Write the form by which a buyer's browser confirms a payment at Stripe."""
    return {"key": publishable_key, "client_secret": client_secret, "payment_method": method}
