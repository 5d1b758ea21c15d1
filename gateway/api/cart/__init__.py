"""Carts: their lines, their quotes, and their checkout."""

from gateway.api.cart.carts import checkout, create_cart, get_cart, remove_line, set_line
from gateway.api.cart.quotes import quote

PUBLIC = [create_cart, get_cart, set_line, remove_line, quote, checkout]
