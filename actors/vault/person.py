"""Declaration of what the vault keeps of persons: their keys, and that they were forgotten."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (
    PersonalColumns(
        "vault.keys", ("subject", "wrapped"), "forgotten", "Keys of persons; that of an invoice ends by itself."
    ),
    PersonalColumns(
        "vault.forgotten", ("subject",), "counted", "Ids for which no key is made again; they lead to nobody."
    ),
    PersonalColumns("vault.legal_holds", ("subject",), "kept", "Who must not be forgotten yet, until the hold ends."),
    PersonalColumns("vault.roots", ("fingerprint", "wrapped"), "nobody", "Keys of the shop."),
    PersonalColumns("vault.keks", ("wrapped",), "nobody", "Keys of the shop."),
)
