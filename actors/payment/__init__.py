"""Payments, through Stripe."""
