"""What stored messages have of persons: ids. Commands that carry more are asked, and not stored."""

from typing import Final

from engine.persons import Kept

KEEPS: Final = (
    Kept("bus.deliveries", ("body",), "short", "Messages until they are handled: ids, and no persons."),
    Kept("bus.dead_letters", ("body",), "counted", "Messages that failed: ids, and no persons."),
)
