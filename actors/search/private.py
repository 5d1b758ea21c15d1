"""Timers and records of the search, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from datetime import date

from bus.messages.order import SoldUnits
from engine.message import Command


class CountSales(Command[None]):
    """Count what was sold in the days that are over, and not counted yet."""


class RecordSales(Command[None]):
    """Record what was sold."""

    first: date
    last: date  # Included. Days that are counted already are skipped.
    units: tuple[SoldUnits, ...]


class RecordTerms(Command[None]):
    """Record what was looked for."""
