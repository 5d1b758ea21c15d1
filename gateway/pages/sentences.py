"""Sentences for what the shop refuses, and for what has happened, in the reader's language."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import msgspec

from bus.messages import moments, words
from gateway.pages.inside import Refused
from gateway.pages.languages import Language
from gateway.problems import Problem

_SAY_MORE: Final = frozenset({"weak_password"})  # Its detail is a sentence for people that says what to do.

_HAS_DETAIL: Final = frozenset({"invalid", "path_taken"})  # Its detail names what is wrong, in English.


class _Happened(Protocol):
    """An entry of an order's timeline, in any view of the API."""

    @property
    def event(self) -> str: ...

    @property
    def detail(self) -> str: ...


class _Short(msgspec.Struct):
    """The members of a refusal for want of stock."""

    available: int | None = None


class _Used(msgspec.Struct):
    """The members of a refusal to take away what is in use. No products: a type of products names it."""

    products: Sequence[str] = ()


def sentence_of(language: Language, refused: Refused) -> str:
    """Say why something was refused, and what is possible instead."""
    if refused.code == "out_of_stock":
        left = msgspec.json.decode(refused.answer.body, type=_Short).available
        if left:
            return language.say_many("Only %(num)s left.", "Only %(num)s left.", left) % {"num": language.number(left)}
    if refused.code in _SAY_MORE:
        return language.say(refused.document.detail)
    return language.say(words.problem(refused.code))


def told(language: Language, refused: Refused) -> str:
    """Say to staff why their form was refused: what still uses a thing, and what the API has to say of a value."""
    said = sentence_of(language, refused)
    if refused.code == "in_use":
        products = msgspec.json.decode(refused.answer.body, type=_Used).products
        return f"{said} {', '.join(products)}" if products else language.say("A kind of product still has this.")
    return f"{said} ({refused.document.detail})" if refused.code in _HAS_DETAIL else said


class Said(NamedTuple):
    """Words for a form that is shown again: a sentence, the status of the answer, and the wrong field, if one is."""

    sentence: str
    status: int
    field: str


def said_again(language: Language, why: Refused | Problem) -> Said:
    """Say to staff why their form is shown again.

    Raises:
        Refused: It is about whoever asks, so the form is not shown.
    """
    if isinstance(why, Problem):
        again = language.say("Please look at this field again.")
        return Said(again, why.status, str(why.members.get("field", "")))
    if why.is_denied:
        raise why
    return Said(told(language, why), why.status, why.field)


def detail_of(language: Language, moment: _Happened, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Say what an entry of a timeline has beside its name; "" if there is nothing to say.

    Args:
        language: The reader's.
        moment: The entry.
        names: Of people who work here, by id.
    """
    phrase = moments.phrase(moment.event, moment.detail)
    amounts = {gap: language.money(money) for gap, money in phrase.amounts.items()}
    said = {gap: ", ".join(map(language.say, each)) for gap, each in phrase.words.items()}
    given = {gap: names.get(text, text) for gap, text in phrase.given.items()}
    return language.say(phrase.text) % {**amounts, **said, **given}
