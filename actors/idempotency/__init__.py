"""Requests that carry an idempotency key are done once."""
