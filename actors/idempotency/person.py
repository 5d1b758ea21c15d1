"""Declaration of kept answers: anything that was answered, encrypted under the shop's key, for 48 hours."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (
    PersonalColumns(
        "gateway.answers", ("content", "body_hash"), "short", "Answers that may be given again for 48 hours."
    ),
)
