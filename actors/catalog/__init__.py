"""Products, their SKUs and prices, and the ways that lead to them."""
