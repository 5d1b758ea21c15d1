"""Carriers and tracking."""
