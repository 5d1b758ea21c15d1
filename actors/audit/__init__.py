"""Checks across domains: whether they agree with each other, and which items wait for a person."""
