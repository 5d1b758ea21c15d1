"""News of an order, for those who watch it."""
