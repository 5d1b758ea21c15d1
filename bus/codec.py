"""Messages as JSON and back. A message that an actor does not know is refused with a sentence, never guessed at.

Unknown fields are ignored, so that a newer process may send to an older one. An unknown type, a missing field and a
wrong type are errors.
"""

from collections.abc import Iterable
from typing import Any, Union

import msgspec

from engine.errors import BadInput
from engine.message import Message

_ENCODER = msgspec.json.Encoder()


def encode(message: Message) -> str:
    """Encode a message as JSON, with its type's name under "type"."""
    return _ENCODER.encode(message).decode()


class Codec:
    """Decodes the messages of one actor."""

    def __init__(self, owner: str, message_types: Iterable[type[Message]]) -> None:
        self._owner = owner
        self._known = {message_type.__name__: message_type for message_type in message_types}
        union: Any = Union[tuple(self._known.values()) or (None,)]  # noqa: UP007 - made at run time
        self._decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(union)

    def decode(self, type_name: str, body: str | bytes) -> Message:
        """Read a message.

        Raises:
            BadInput: Its type is not known here, or its body does not fit its type.
        """
        if type_name not in self._known:
            raise BadInput(f"{self._owner} does not know the message {type_name!r}")
        try:
            message = self._decoder.decode(body)
        except msgspec.DecodeError as error:
            raise BadInput(f"{self._owner} can't read this {type_name}: {error}") from error
        if type(message).__name__ != type_name:
            raise BadInput(f"{self._owner} can't read this {type_name}: it says that it is a {type(message).__name__}")
        return message
