"""Stripe as the sandbox plays it: test cards, debits, refunds and disputes over Stripe's own HTTP API."""
