"""Bases of bodies and views. Bodies are read strictly: the types as they are written, no unknown fields."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Final, Generic, TypeAlias, TypeVar, dataclass_transform

import msgspec
from litestar.dto import DTOConfig, MsgspecDTO
from litestar.exceptions import ValidationException
from litestar.serialization import decode_json
from msgspec import inspect

from bus.messages.base import Currency, Minor
from engine.patterns import whole

T = TypeVar("T", bound=msgspec.Struct)
LARGEST: Final = 2**53 - 1  # Every JSON reader has whole numbers up to here. Source: RFC 8259, 6.
JsonObject: TypeAlias = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]  # As it is stored.
# Likewise, but where there may be none: a page reads it back, which it can't of `JsonObject | None`.
JsonMembers: TypeAlias = dict[str, Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={})]]
_NUL = b"\\u0000"  # As JSON has to write it.
_NULL = b"null"
_LISTS = (inspect.ListType, inspect.VarTupleType)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request's body."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class View(msgspec.Struct, frozen=True, kw_only=True):
    """A response's body."""


class MoneyBody(Body, frozen=True, kw_only=True):
    """An amount in minor units, beside its currency."""

    amount: Annotated[Minor, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
    currency: Annotated[Currency, whole("[A-Z]{3}")]


def _without_nulls(body: bytes, kind: type[msgspec.Struct]) -> bytes:
    """Leave out fields that are null: for many clients that is how a field is left out. Unknown ones stay: an error.

    Raises:
        ValidationException: Lists and objects are nested more deeply than any body.
    """
    try:
        return msgspec.json.encode(_pruned(decode_json(body), [_description(kind)]))
    except RecursionError:
        raise ValidationException("nested too deeply") from None


def _pruned(value: object, kinds: Sequence[inspect.Type]) -> object:
    """Prune a value that is one of these."""
    if isinstance(value, dict):
        fields = {field.encode_name: field.type for kind in _structs(kinds) for field in kind.fields}
        return {
            name: _pruned(member, _options(fields.get(name)))
            for name, member in value.items()
            if member is not None or name not in fields
        }
    if isinstance(value, list):
        items = [option for kind in kinds if isinstance(kind, _LISTS) for option in _options(kind.item_type)]
        return [_pruned(item, items) for item in value]
    return value


def _structs(kinds: Sequence[inspect.Type]) -> Iterator[inspect.StructType]:
    return (kind for kind in kinds if isinstance(kind, inspect.StructType))


def _options(kind: inspect.Type | None) -> Sequence[inspect.Type]:
    """Return what a field may be, without what describes it."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        return [option for each in kind.types for option in _options(each)]
    return [] if kind is None else [kind]


_description = cache(inspect.type_info)


class Strict(MsgspecDTO[T], Generic[T]):
    """Reads a body strictly, where the framework alone would take "3" for 3 and skip unknown fields.

    Null is absent: a client that writes each of its fields means the same as one that leaves some out.
    """

    config = DTOConfig(forbid_unknown_fields=True)

    def decode_bytes(self, value: bytes) -> T:
        if _NUL in value:
            raise ValidationException("texts can't have NUL characters")  # PostgreSQL keeps none.
        if _NULL in value:
            value = _without_nulls(value, self.model_type)
        return decode_json(value, target_type=self.model_type)
