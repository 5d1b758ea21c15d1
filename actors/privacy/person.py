"""What the privacy domain keeps of persons, beside what it proves."""

from typing import Final

from engine.persons import Kept

KEEPS: Final = (
    Kept("privacy.erasures", ("subject",), "forgotten", "Who is just being forgotten."),
    Kept("privacy.revived", ("subject",), "forgotten", "Who is to be forgotten again."),
    Kept("privacy.receipts", ("subject_hash",), "counted", "That somebody was forgotten: a keyed hash of an id."),
    Kept("privacy.listed", ("name",), "counted", "Entries of the list outside: keyed hashes."),
    Kept("privacy.receipts", ("link",), "nobody", "A hash over receipts."),
)
