"""Carts, kept in Redis."""
