"""Orders found by beginnings of what their buyers are called.

Blind tokens find more than was asked for (engine/blind_index.py). So what is found is opened, and kept if it says so.
"""

from actors.order.buyers import Contact
from engine.blind_index import folded_address
from engine.sealing import Erased


def is_said(buyer: Contact | Erased, text: str) -> bool:
    """Whether a buyer says all words of a text."""
    return not isinstance(buyer, Erased) and all(says(buyer, word) for word in text.casefold().split()[:8])


def says(buyer: Contact, word: str) -> bool:
    """Whether a buyer's address, name, postal code or phone has this word, or begins with it."""
    address = folded_address(buyer.email)
    if "@" in word:
        return address == folded_address(word)
    digits = _digits(word)
    return (
        address.startswith(word)
        or any(part.startswith(word) for part in buyer.name.casefold().split())
        or _letters(buyer.address.postal_code) == _letters(word) != ""
        or (len(digits) >= 4 and _digits(buyer.phone).endswith(digits[-4:]))
    )


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdecimal())
