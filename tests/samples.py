"""Messages made from their types: an instance of any, the same each time."""

import types
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)


def sample(kind: type[T], known: Mapping[str, object] | None = None) -> T:
    """Make an instance with every field given.

    Args:
        kind: A struct.
        known: Values by the names of their fields, at any depth.
    """
    hints, known = get_type_hints(kind), known or {}
    names = [field.name for field in msgspec.structs.fields(kind)]
    return kind(**{name: known[name] if name in known else _value(hints[name], name, known) for name in names})


def _value(hint: Any, name: str, known: Mapping[str, object]) -> Any:
    plain = {str: f"a {name}", bytes: name.encode(), int: 3, float: 1.5, bool: True, Any: [1]}
    plain |= {datetime: NOON, date: NOON.date()}
    if hint in plain:
        return plain[hint]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return sample(hint, known)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _value(next(arm for arm in arguments if arm is not type(None)), name, known)
    if origin is tuple and arguments[-1] is Ellipsis:
        return (_value(arguments[0], name, known),)
    if origin is dict:
        key, value = arguments
        return {_value(key, name, known): _value(value, name, known)}
    if origin is tuple:
        return tuple(_value(argument, name, known) for argument in arguments)
    assert str(origin) == "typing.Literal", f"there is no sample of {hint}: add one"
    return arguments[0]
