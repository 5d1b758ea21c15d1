"""Inputs of buyers with a line: an engraving, a choice. Pure.

The words are a stranger's: one line each, of bounded length, without characters that break a line or turn it around.
They are escaped wherever they are shown, as anything else that was typed.
"""

import unicodedata
from collections.abc import Mapping, Sequence

from bus.messages.base import LineInput, Minor, Sku, line_id
from bus.messages.cart import InputRefused
from bus.messages.catalog import PricedSku
from bus.messages.inputs import Input, InputValue
from bus.messages.texts import is_blank, is_harmful


def tidy(inputs: Sequence[InputValue]) -> dict[str, str]:
    """Values by key, as they are kept: in one Unicode form, without blanks around them; empty ones are left out."""
    written = {each.key: unicodedata.normalize("NFC", each.value).strip() for each in inputs}
    return {key: value for key, value in written.items() if not is_blank(value)}


def id_of(sku: Sku, inputs: Sequence[InputValue]) -> str:
    """The id of the line that a request is about: a SKU with its inputs, or a line's id alone."""
    return line_id(sku_of(sku), tidy(inputs)) if inputs else sku


def sku_of(line: str) -> Sku:
    """The SKU of a line's id."""
    return line.partition("~")[0]


def values(inputs: Sequence[LineInput]) -> dict[str, str]:
    """The values of a line's inputs by key."""
    return {each.key: each.value for each in inputs}


def chosen(priced: PricedSku, given: Mapping[str, str]) -> tuple[LineInput, ...] | InputRefused:
    """The inputs of a line, in the product's order; the refusal of the first that does not fit.

    Args:
        priced: The SKU, with the inputs of its product.
        given: The buyer's values, as `tidy` leaves them.
    """
    known = {each.key: each for each in priced.inputs}
    for key in given.keys() - known.keys():
        return InputRefused(sku=priced.sku, key=key, detail=f"{priced.title} has no {key!r} to tell.")
    for each in priced.inputs:
        if why := _refusal(each, given.get(each.key)):
            return InputRefused(sku=priced.sku, key=each.key, detail=f"{each.title}: {why}")
    return tuple(
        LineInput(key=each.key, title=each.title, value=given[each.key], kind=each.kind)
        for each in priced.inputs
        if each.key in given
    )


def surcharge(priced: PricedSku, inputs: Sequence[LineInput]) -> Minor | None:
    """The surcharge of a line's inputs for each unit; None if one is in another currency than the price."""
    keys = {each.key for each in inputs}
    money = [each.surcharge for each in priced.inputs if each.key in keys and each.surcharge]
    if any(each.currency != priced.price.currency for each in money):
        return None
    return sum(each.amount for each in money)


def _refusal(wanted: Input, value: str | None) -> str | None:
    if value is None:
        return "it is needed." if wanted.is_required else None
    if wanted.kind == "choice":
        return None if value in wanted.choices else f"there is {', '.join(wanted.choices)}."
    if len(value) > wanted.max_length:
        return f"it has at most {wanted.max_length} characters."
    return "it is one line, without control characters." if any(map(is_harmful, value)) else None
