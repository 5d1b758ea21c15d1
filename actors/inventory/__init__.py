"""Stock, and the units that are held for carts and orders."""
