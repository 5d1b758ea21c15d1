"""Products, their SKUs and prices."""
