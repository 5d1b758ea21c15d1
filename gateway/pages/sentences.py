"""Sentences for what the shop refuses, in the reader's language."""

from typing import Final

import msgspec

from bus.messages import words
from gateway.pages.inside import Refused
from gateway.pages.languages import Language

_SAY_MORE: Final = frozenset({"weak_password"})  # Its detail is a sentence for people that says what to do.


class _Short(msgspec.Struct):
    """The members of a refusal for want of stock."""

    available: int | None = None


def sentence_of(language: Language, refused: Refused) -> str:
    """Say why something was refused, and what is possible instead."""
    if refused.code == "out_of_stock":
        left = msgspec.json.decode(refused.answer.body, type=_Short).available
        if left:
            return language.say_many("Only %(num)s left.", "Only %(num)s left.", left) % {"num": language.number(left)}
    if refused.code in _SAY_MORE:
        return language.say(refused.document.detail)
    return language.say(words.problem(refused.code))
