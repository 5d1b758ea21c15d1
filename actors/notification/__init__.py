"""News for those who watch an order."""
