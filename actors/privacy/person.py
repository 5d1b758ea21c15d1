"""Declaration of what the privacy domain keeps of persons, beside what it proves."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (
    PersonalColumns("privacy.erasures", ("subject",), "forgotten", "Who is just being forgotten."),
    PersonalColumns("privacy.revived", ("subject",), "forgotten", "Who is to be forgotten again."),
    PersonalColumns(
        "privacy.receipts", ("subject_hash",), "counted", "That somebody was forgotten: a keyed hash of an id."
    ),
    PersonalColumns("privacy.listed", ("name",), "counted", "Entries of the list outside: keyed hashes."),
    PersonalColumns("privacy.receipts", ("link",), "nobody", "A hash over receipts."),
)
