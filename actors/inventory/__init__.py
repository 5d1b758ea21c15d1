"""Stock, and what of it is held for whom."""
