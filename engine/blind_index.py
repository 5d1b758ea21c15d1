"""Blind indexes: what is sealed can be found by whoever knows it, and read from an index by nobody. Pure.

An e-mail address has one keyed hash. Staff find people by tokens: keyed hashes of beginnings of what they may type.
Tokens of three letters are cut to 16 bits, so that they collide on purpose and tell little; what is found is opened,
and filtered by what it really says.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import idna

from engine.sealing import derive

_SHORT, _LONG = 3, 5  # Letters of the two beginnings of a word.
_BITS: Final = 40
_SHORT_BITS: Final = 16
_MOST_WORDS: Final = 8  # Of a name, and of what is searched for.
ASKED_WORDS: Final = 3  # Of a search, that a statement asks the index for.
_PHONE_DIGITS: Final = 4  # The last of a phone's number.


class BlindIndex:
    """The indexes of one shop."""

    def __init__(self, root: bytes) -> None:
        self._emails = derive(root, "index of e-mail addresses")
        self._tokens = derive(root, "search tokens")

    def email_index(self, address: str) -> bytes:
        """Hash an address, 32 bytes. Case and Unicode form count for nothing, dots and what follows a plus do."""
        return hmac.digest(self._emails, folded_address(address).encode(), hashlib.sha256)

    def search_tokens(self, *, email: str = "", name: str = "", postal_code: str = "", phone: str = "") -> list[int]:
        """Make the tokens by which a person is found, in order."""
        address = folded_address(email)
        tokens = {self._token("email", address)} if address else set()
        tokens |= set(self._of_word("email", address.rpartition("@")[0]))
        for word in _words(name):
            tokens |= set(self._of_word("name", word))
        if code := _letters(postal_code):
            tokens.add(self._token("postal", code))
        if len(digits := _digits(phone)) >= _PHONE_DIGITS:
            tokens.add(self._token("phone", digits[-_PHONE_DIGITS:]))
        return sorted(tokens)

    def asked_tokens(self, text: str) -> list[list[int]]:
        """Make the tokens of what is searched for: of each of its words some, of which one must be there.

        The words that fewest people say come first: addresses, then long ones.
        """
        words = sorted(_words(text), key=lambda word: ("@" not in word, -len(word)))
        return [asked for word in words if (asked := sorted(set(self._of_asked(word))))]

    def _of_asked(self, word: str) -> Iterator[int]:
        if "@" in word:
            yield self._token("email", folded_address(word))
            return
        for kind in ("email", "name"):
            # Whoever has the whole word has its beginning, too: a second token would find nobody more.
            if len(word) >= _LONG:
                yield self._token(kind, word[:_LONG])
            elif len(word) >= _SHORT:
                yield self._token(kind, word[:_SHORT], _SHORT_BITS)
            else:
                yield self._token(kind, word)
        yield self._token("postal", _letters(word))
        if len(digits := _digits(word)) >= _PHONE_DIGITS:
            yield self._token("phone", digits[-_PHONE_DIGITS:])

    def _of_word(self, kind: str, word: str) -> Iterable[int]:
        if not word:
            return
        yield self._token(kind, word)
        if len(word) >= _SHORT:
            yield self._token(kind, word[:_SHORT], _SHORT_BITS)
        if len(word) >= _LONG:
            yield self._token(kind, word[:_LONG])

    def _token(self, kind: str, text: str, bits: int = _BITS) -> int:
        # Keyed BLAKE2 takes a quarter of HMAC's time, and an order has twenty tokens. Source: RFC 7693.
        mac = hashlib.blake2b(f"{kind}:{bits}:{text}".encode(), key=self._tokens, digest_size=8).digest()
        return int.from_bytes(mac, "big") >> (64 - bits)


def first_words(asked: Sequence[list[int]]) -> Sequence[list[int]]:
    """Return the tokens of the first words, always of `ASKED_WORDS`: of fewer the last counts again; of none, none."""
    return [asked[min(place, len(asked) - 1)] if asked else [] for place in range(ASKED_WORDS)]


def says(word: str, *, email: str, name: str, phone: str, postal_code: str = "") -> bool:
    """Whether a person's address, name, postal code or phone has this word, or begins with it.

    Tokens find more than was asked for, so what is found is opened and looked at. A word has no capitals.
    """
    address = folded_address(email)
    if "@" in word:
        return address == folded_address(word)
    digits = _digits(word)
    return (
        address.startswith(word)
        or any(part.startswith(word) for part in _words(name))
        or _letters(postal_code) == _letters(word) != ""
        or (len(digits) >= _PHONE_DIGITS and _digits(phone).endswith(digits[-_PHONE_DIGITS:]))
    )


def says_all(text: str, *, email: str, name: str, phone: str, postal_code: str = "") -> bool:
    """Whether a person says all words of a text, as `says` has it."""
    return all(says(word, email=email, name=name, phone=phone, postal_code=postal_code) for word in _words(text))


def folded_address(address: str) -> str:
    """Write an address as all its spellings are written: Unicode's form C, no capitals, the domain in ASCII."""
    local, at, domain = unicodedata.normalize("NFC", address.strip()).casefold().rpartition("@")
    with suppress(idna.IDNAError):  # No mail can be sent there; two spellings of such a domain are two.
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    return f"{unicodedata.normalize('NFC', local)}{at}{domain}"


def _words(text: str) -> list[str]:
    return unicodedata.normalize("NFC", text).casefold().split()[:_MOST_WORDS]


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdecimal())
