r"""The cell of what buyers tell with a product, of the optional columns the one with the most to say. Pure.

    engraving | Your text | text | up to 30 | +500 | required; paper | Gift wrap | choice Red, Dark blue

An input is its key, its title and its kind. What may follow, in any order: how many characters a text has at most, a
surcharge, written as the prices of the file are, and whether it is needed. A bar, comma or semicolon within a title or
choice has a backslash before it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from msgspec import structs

from bus.goods.cells import escape, split, unescape
from bus.messages.base import Currency, Minor, Money
from bus.messages.inputs import Input

ReadPrice: TypeAlias = Callable[[str], Minor]  # Raises `ValueError` with a sentence.

_HOW: Final = "inputs must be written as name | Your name | text | up to 30 | +500 | required; b | B | choice A, B"
_UP_TO: Final = re.compile(r"up to ([0-9]{1,3})")
_CHOICE: Final = "choice "
_MARKS: Final = ";|,"


def read_inputs(cell: str, currency: Currency, read_price: ReadPrice) -> tuple[Input, ...]:
    """Read the inputs of a product. What is refused about them is decided by the catalog.

    Args:
        cell: Not empty.
        currency: Of surcharges.
        read_price: Reads a surcharge without its plus sign.

    Raises:
        ValueError: It can't be read. The text names the column.
    """
    return tuple(_read(part, currency, read_price) for part in split(cell, ";"))


def write_inputs(inputs: Sequence[Input]) -> str:
    """Return the cell, with surcharges in minor units; "" without inputs."""
    return "; ".join(" | ".join(_fields(each)) for each in inputs)


def _read(part: str, currency: Currency, read_price: ReadPrice) -> Input:
    words = [word.strip() for word in split(part, "|")]
    if len(words) < 3:
        raise ValueError(f"{_HOW}, not {part.strip()[:40]!r}")
    key, title, kind, *more = words
    fields: dict[str, object] = {}
    if kind.startswith(_CHOICE):
        choices = tuple(unescape(word.strip()) for word in split(kind.removeprefix(_CHOICE), ","))
        fields |= {"kind": "choice", "choices": choices}
    elif kind != "text":
        raise ValueError(f"inputs: {key[:40]} must be text, or choice with choices behind it, not {kind[:40]!r}")
    for word in more:
        name, value = _further(word, currency, read_price)
        if name in fields:
            raise ValueError(f"inputs: {key[:40]} says {word[:40]!r}, and something else before")
        fields[name] = value
    return structs.replace(Input(key=unescape(key), title=unescape(title)), **fields)


def _further(word: str, currency: Currency, read_price: ReadPrice) -> tuple[str, object]:
    if word == "required":
        return "is_required", True
    if up_to := _UP_TO.fullmatch(word):
        return "max_length", int(up_to[1])
    if word.startswith("+"):
        try:
            return "surcharge", Money(amount=read_price(word[1:].strip()), currency=currency)
        except ValueError as error:
            raise ValueError(f"inputs: surcharge: {error}") from error
    raise ValueError(f"{_HOW}, not {word[:40]!r}")


def _fields(wanted: Input) -> list[str]:
    choices = ", ".join(escape(choice, _MARKS) for choice in wanted.choices)
    plain = Input(key="", title="")
    return [
        escape(wanted.key, _MARKS),
        escape(wanted.title, _MARKS),
        f"{_CHOICE}{choices}" if wanted.kind == "choice" else "text",
        *([f"up to {wanted.max_length}"] if wanted.max_length != plain.max_length else []),
        *([f"+{wanted.surcharge.amount}"] if wanted.surcharge else []),
        *(["required"] if wanted.is_required else []),
    ]
