"""Fault campaigns: what ShopFlow promises, under kills, faults and time. `make faults` runs them at length."""
