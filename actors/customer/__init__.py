"""Customers: accounts, and what proves whose they are."""
