"""Declaration of what stored messages have of persons: ids. Commands that carry more are asked, and not stored."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (
    PersonalColumns("bus.deliveries", ("body",), "short", "Messages until they are handled: ids, and no persons."),
    PersonalColumns("bus.dead_letters", ("body",), "counted", "Messages that failed: ids, and no persons."),
)
