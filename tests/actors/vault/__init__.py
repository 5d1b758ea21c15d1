"""Tests of the keeper of keys."""
