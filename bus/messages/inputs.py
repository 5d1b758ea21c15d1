"""Inputs of buyers with a product, an engraving for example: the questions and the answers."""

from typing import Final, Literal

from bus.messages.base import Money, Value

MOST_INPUTS: Final = 10  # Of one product.
LONGEST_INPUT: Final = 500  # Characters.
INPUT_KEY: Final = r"[a-z][a-z0-9_]{0,39}"


class Input(Value, frozen=True, kw_only=True):
    """Something that buyers may or must tell with a product: a text to engrave, or one of several choices."""

    key: str
    title: str
    kind: Literal["text", "choice"] = "text"
    choices: tuple[str, ...] = ()  # Of a choice.
    max_length: int = 100  # Characters of a text.
    surcharge: Money | None = None  # For each unit with it.
    is_required: bool = False


class InputValue(Value, frozen=True, kw_only=True):
    """A buyer's words for one of a product's inputs."""

    key: str
    value: str
