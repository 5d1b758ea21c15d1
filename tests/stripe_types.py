"""Stripe's events and objects as Stripe's own library types them: every type of event, every nullable field null.

The library is written from Stripe's specification, so nothing is vendored here, and nothing is fetched.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from types import NoneType, UnionType
from typing import Any, Final, ForwardRef, Literal, Union, get_args, get_origin

import stripe
import typing_extensions
from stripe._object_classes import OBJECT_CLASSES

Json = dict[str, Any]

EVENT_TYPES: Final[tuple[str, ...]] = get_args(stripe.Event.__annotations__["type"])
_PLAIN: Final[Mapping[object, object]] = {str: "x", int: 1, float: 1.0, bool: False, Any: None, NoneType: None}
_LITERALS: Final = (Literal, typing_extensions.Literal)


def event_of(kind: str, subject: Json, **changes: object) -> Json:
    """An event about an object."""
    event = object_of(stripe.Event) | {"id": f"evt_{kind}", "type": kind, "created": 1_893_400_000}
    return event | {"data": {"object": subject, "previous_attributes": None}} | changes


def subject_of(kind: str) -> Json:
    """The object that an event of this type carries; empty if the library does not name it."""
    return next(iter(subjects_of(kind)), {})


def subjects_of(kind: str) -> list[Json]:
    """The objects that an event of this type may carry: where two have one name, both."""
    module = f"stripe.events._v1_{kind.replace('.', '_')}_event"
    if find_spec(module) is None:
        return []
    for name, found in vars(import_module(module)).items():
        if name.endswith("EventNotification") and hasattr(found, "fetch_related_object"):
            wanted = found.fetch_related_object.__annotations__["return"]
            return [object_of(_class_of(*place)) for place in OBJECT_CLASSES.values() if place[1] == wanted]
    return []


def object_of(kind: type) -> Json:
    """An object of a class of the library: each nullable field null, all others filled."""
    return {name: _value(annotation) for name, annotation in kind.__annotations__.items() if name != "OBJECT_NAME"}


def _class_of(module: str, name: str) -> type:
    found: type = getattr(import_module(module), name)
    return found


def _value(annotation: object) -> object:
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return None if NoneType in arguments else _value(arguments[0])
    if origin in _LITERALS:
        return arguments[0]
    if origin is list:
        return []
    if isinstance(annotation, str | ForwardRef) or origin is not None or not isinstance(annotation, type):
        return {}
    return object_of(annotation) if issubclass(annotation, stripe.StripeObject) else {}
