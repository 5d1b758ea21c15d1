"""Queries: a parameter that a route does not know, or is given twice, is refused by its name, on every route that the
API describes.

A filter that is misspelled would otherwise list everything, and of two values the last would win. Pages and files skip
what they don't know: links to them carry whatever others have added.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from litestar.enums import ParamType
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition

from gateway.context import Http
from gateway.problems import Problem

OPEN_PREFIX: Final = "open_prefix"  # A route's option: parameters that begin so are read by the route itself.
_SHOWN: Final = 100  # Characters of an unknown name.


async def check_query(request: Http) -> None:
    """Refuse unknown parameters, and NULs: no name contains one, and PostgreSQL can't look one up.

    Async although it awaits nothing: Litestar would run a plain function in a thread.
    """
    query = request.scope["query_string"]
    if not query:
        return
    if b"%00" in query:
        raise Problem(422, "invalid", "A query can't have NUL characters.")
    handler = request.route_handler
    assert isinstance(handler, HTTPRouteHandler)
    if not handler.resolve_include_in_schema():
        return
    known, open_prefix, seen = _query_fields(handler), handler.opt.get(OPEN_PREFIX), set[str]()
    for name, value in request.query_params.multi_items():
        if name in known:
            if name in seen and not _is_list(known[name]):
                raise Problem(422, "invalid", f"{name} can be given once.", field=name)
            seen.add(name)
            if known[name].is_optional and value.lower() == "null":  # msgspec would take it as not given at all.
                raise Problem(422, "invalid", f"{name} can't be null: leave it out.", field=name)
        elif not (open_prefix and name.startswith(open_prefix)):
            shown = name[:_SHOWN]
            raise Problem(422, "invalid", f"There is no parameter {shown}.", field=shown)


def _is_list(field: FieldDefinition) -> bool:
    return any(each.is_non_string_collection for each in (field, *field.inner_types))


def parameters_of(handler: HTTPRouteHandler) -> Iterator[tuple[str, ParameterKwarg, FieldDefinition]]:
    """List the parameters that a route takes from a request: the name of each, its kind, and its field."""
    for name, field in handler.parsed_fn_signature.parameters.items():
        kind = field.kwarg_definition
        if isinstance(kind, ParameterKwarg) and not field.is_di_field:
            yield kind.name or name, kind, field


@cache
def _query_fields(handler: HTTPRouteHandler) -> Mapping[str, FieldDefinition]:
    return {name: field for name, kind, field in parameters_of(handler) if kind.param_type is ParamType.QUERY}
