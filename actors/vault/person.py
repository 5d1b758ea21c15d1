"""What the vault keeps of persons: their keys, and that they were forgotten."""

from typing import Final

from engine.persons import Kept

KEEPS: Final = (
    Kept("vault.keys", ("subject", "wrapped"), "forgotten", "Keys of persons; that of an invoice ends by itself."),
    Kept("vault.forgotten", ("subject",), "counted", "Ids for which no key is made again; they lead to nobody."),
    Kept("vault.legal_holds", ("subject",), "kept", "Who must not be forgotten yet, until the hold ends."),
    Kept("vault.roots", ("fingerprint", "wrapped"), "nobody", "Keys of the shop."),
    Kept("vault.keks", ("wrapped",), "nobody", "Keys of the shop."),
)
