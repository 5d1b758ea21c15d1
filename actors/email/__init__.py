"""Mail for every step of an order."""
