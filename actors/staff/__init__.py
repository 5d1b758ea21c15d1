"""People who work in the shop, what they may, and what they did."""
