"""Messages between actors: frozen, typed data, encoded as JSON with its type's name.

A message's **first field is its key**: messages to one actor with equal keys are handled in the order they came.
A message whose first field is no text has no key, and waits for no other; nor does a query.

Rejected: docs/decisions/0005.
"""

from typing import ClassVar, Generic, TypeVar, dataclass_transform, get_args

import msgspec

R_co = TypeVar("R_co", covariant=True)


class _MessageMeta(msgspec.StructMeta):
    """msgspec applies `kw_only` to one class at a time; here every message is keyword-only."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, object], /, **config: bool) -> type:
        return super().__new__(mcls, name, bases, namespace, **{"kw_only": True, **config})  # type: ignore[arg-type] # its many other options are never passed


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Message(msgspec.Struct, metaclass=_MessageMeta, frozen=True, tag=True):
    """The base of everything that is sent. A field added later has a default; a changed meaning is a new message."""

    # Whether it, or its answer, says who somebody is. Such a message is never stored, and sealed where others carry it.
    names_persons: ClassVar[bool] = False

    @property
    def key(self) -> str:
        """The first field, if it is a text; "" otherwise."""
        fields = self.__struct_fields__
        first = getattr(self, fields[0]) if fields else ""
        return first if type(first) is str else ""


class Reply(Message):
    """An answer to a command."""


class Command(Message, Generic[R_co]):
    """A request to one actor, named in the imperative, answered with an `R_co`. Safe to send twice."""

    # Of a timer: the statuses of what its key names in which it still does something. Empty: in any.
    only_while: ClassVar[frozenset[str]] = frozenset()


class Query(Command[R_co]):
    """A request that changes nothing. It has no key: it sees what has been committed, and waits for no other."""

    @property
    def key(self) -> str:
        return ""


class Event(Message):
    """A fact, named in the past tense, stored with the state it speaks of and heard by every subscriber."""


def reply_type(command: type[Message]) -> object:
    """Return the `R` of a `Command[R]`, as it was written."""
    for base in getattr(command, "__orig_bases__", ()):
        arguments = get_args(base)
        if arguments and not isinstance(arguments[0], TypeVar):  # Otherwise it is the variable of `Command` itself.
            return arguments[0]
    raise TypeError(f"{command.__name__} must say what it is answered with: class {command.__name__}(Command[...])")
