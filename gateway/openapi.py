"""The API's description as OpenAPI 3.1: the routes as they are registered, schemas of the types that read and write.

Schemas are msgspec's own, of the very structs that decode bodies and encode answers, and parameters have those of the
signature that checks them. So a bound stands in one place. Rejected: Litestar's own generator, which reads types by
rules of its own: it loses bounds inside of lists and beside None, and describes `null | Raw` as matching twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, Final, TypeAlias

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition
from litestar.utils import get_enum_string_value

from gateway.codes import CODES
from gateway.idempotency import HEADER, LONGEST_KEY, takes_key
from gateway.problems import MEDIA_TYPE, ProblemDocument
from gateway.queries import parameters_of

Json: TypeAlias = dict[str, Any]  # A part of the description.

STAFF: Final[Json] = {"staff": []}
ORDER: Final[Json] = {"order": []}
CUSTOMER: Final[Json] = {"customer": []}
_SCHEMES: Final[Json] = {
    "staff": {"type": "http", "scheme": "bearer", "description": "A token of a program, or of a person's session."},
    "order": {
        "type": "http",
        "scheme": "bearer",
        "description": "The `access_token` of the order, from its checkout, or the token of a link in a mail about it.",
    },
    "customer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a customer's session (`?token=1` of a sign-in). Browsers have a cookie instead.",
    },
}
_DESCRIPTION: Final = """\
Carts, orders and stock of one shop. Money is in minor units (1999 is 19.99 EUR), times are UTC, ids are opaque.
Errors are problem documents (RFC 9457) with a stable `code`. Unsafe calls take an `Idempotency-Key`.
Unknown query parameters are refused, null counts as absent, and HEAD is answered wherever GET is."""
_REFERENCE: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_FORM: Final = "multipart/form-data"
_NULL: Final[Json] = {"type": "null"}
_WHEN_TO_RETRY: Final[Json] = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
_MAY_SAY_WHEN: Final = {409, 429, 503}


def describe(app: Litestar) -> Json:
    """Describe all routes of an application that are not hidden."""
    schemas = _Schemas()
    paths: dict[str, Json] = defaultdict(dict)
    for path, method, handler in _handlers(app):
        paths[path][method.lower()] = _operation(method, path, handler, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ShopFlow", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": dict(paths),
        "components": {"schemas": dict(sorted(schemas.components.items())), "securitySchemes": _SCHEMES},
    }


class _Schemas:
    """Schemas of types, and the components that they refer to."""

    def __init__(self) -> None:
        self.components: dict[str, Json] = {}

    def of(self, kind: object) -> Json:
        """Return the schema of a type that answers are written as."""
        (schema,), components = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
        self._add(components)
        return schema

    def of_body(self, kind: object) -> Json:
        """Return the schema of a type that bodies are read as: null is absent, so each field that may be absent is
        one that may be null.
        """
        (schema,), components = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
        for component in components.values():
            absent = component["properties"].keys() - component.get("required", ())
            component["properties"].update({name: _or_null(component["properties"][name]) for name in absent})
        self._add(components)
        return schema

    def of_parameter(self, kind: object) -> Json:
        """Return the schema of a parameter. In an address there is no null: what is None is left out."""
        schema = self.of(kind)
        options = [option for option in schema.get("anyOf", ()) if option != _NULL]
        if len(options) == 1:
            del schema["anyOf"]
            schema |= options[0]
        return schema

    def _add(self, components: dict[str, Json]) -> None:
        for name, schema in components.items():
            known = self.components.setdefault(name, schema)
            assert known == schema, f"two types are described as {name}"


def _or_null(schema: Json) -> Json:
    options = schema.get("anyOf", [{name: value for name, value in schema.items() if name != "default"}])
    described = {"anyOf": options if _NULL in options else [*options, _NULL]}
    return described | {name: schema[name] for name in ("default",) if name in schema}


def _handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema():
                    yield route.path_format, str(method), handler


def _operation(method: str, path: str, handler: HTTPRouteHandler, schemas: _Schemas) -> Json:
    fields = handler.parsed_fn_signature.parameters
    has_key = takes_key(method, path)
    operation: Json = {
        "operationId": handler.handler_name,
        "summary": handler.summary,
        "description": cleandoc(handler.fn.__doc__ or ""),
    }
    if tags := handler.resolve_tags():
        operation["tags"] = tags
    if security := handler.resolve_security():
        operation["security"] = security
    parameters = [_parameter(name, kwarg, field, handler, schemas) for name, kwarg, field in parameters_of(handler)]
    if has_key:
        parameters.append(_key(is_required="claim" in fields))
    body = schemas.of_body(fields["data"].annotation) if "data" in fields else None
    if signature := handler.opt.get("signature"):  # Of a webhook, whose bytes are verified before they are read.
        parameters.append({"name": signature, "in": "header", "required": True, "schema": {"type": "string"}})
        body = {"type": "object"}
    if form := handler.opt.get("form"):
        operation["requestBody"] = {"required": True, "content": {_FORM: {"schema": form}}}
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": body}}}
    operation["responses"] = _responses(handler, has_key=has_key, schemas=schemas)
    return operation


def _parameter(
    name: str, kwarg: ParameterKwarg, field: FieldDefinition, handler: HTTPRouteHandler, schemas: _Schemas
) -> Json:
    schema = schemas.of_parameter(handler.signature_model.__annotations__[field.name])
    if field.has_default and field.default is not None:
        schema = schema | {"default": field.default}
    where = kwarg.param_type.value
    return {"name": name, "in": where, "required": not field.has_default, "schema": schema}


def _key(*, is_required: bool) -> Json:
    return {
        "name": HEADER,
        "in": "header",
        "required": is_required,
        "description": "A new one for each purchase: a repeat with the same key gets the first answer.",
        "schema": {"type": "string", **({"minLength": 1} if is_required else {}), "maxLength": LONGEST_KEY},
    }


def _responses(handler: HTTPRouteHandler, *, has_key: bool, schemas: _Schemas) -> Json:
    responses: dict[str, Json] = {str(handler.status_code): _answer(handler, schemas)}
    for status, spec in sorted((handler.responses or {}).items()):
        content = {_JSON: {"schema": schemas.of(spec.data_container)}}
        responses[str(status)] = {"description": spec.description, "content": content}
    codes = defaultdict(list)
    for code in codes_of(handler, has_key=has_key):
        codes[CODES[code].status].append(code)
    problem = {MEDIA_TYPE: {"schema": schemas.of(ProblemDocument)}}
    for status, some in sorted(codes.items()):
        response = responses.setdefault(str(status), {"description": "", "content": {}})
        told = (f"`{code}`: {CODES[code].meaning}" for code in some)
        response["description"] = "\n\n".join(filter(None, (response["description"], *told)))
        response["content"] |= problem
        response["x-codes"] = some
        if status in _MAY_SAY_WHEN:
            response["headers"] = {"Retry-After": _WHEN_TO_RETRY}
    return responses


def _answer(handler: HTTPRouteHandler, schemas: _Schemas) -> Json:
    """Describe the answer of a request that is done."""
    returned = handler.parsed_fn_signature.return_type
    described: Json = {"description": HTTPStatus(handler.status_code).phrase}
    if returned.is_none_type:
        return described
    media_type = get_enum_string_value(handler.media_type or _JSON)
    kind = returned.inner_types[0] if returned.is_subclass_of(Response) and returned.inner_types else returned
    schema = schemas.of(kind.annotation) if media_type == _JSON else {"type": "string"}
    return described | {"content": {media_type: {"schema": schema}}}


def codes_of(handler: HTTPRouteHandler, *, has_key: bool) -> Sequence[str]:
    """Return the codes of a route, and of the layers around it."""
    fields = handler.parsed_fn_signature.parameters
    own: Iterable[str] = handler.opt.get("refuses", ())
    is_staff, is_read = STAFF in handler.resolve_security(), set(handler.http_methods) <= {"GET", "HEAD"}
    checks_origin = bool(handler.resolve_guards()) and not is_read  # As each guard does.
    around = {
        "bad_json": "data" in fields,
        "idempotency_key_required": "claim" in fields,
        "unauthorized": _needs_sign_in(handler),
        "forbidden": is_staff,
        "fresh_login_required": is_staff,
        "second_factor_required": is_staff,
        "foreign_origin": checks_origin,
        "unsupported_media_type": checks_origin,
        "idempotency_in_progress": has_key,
        "answer_lost": has_key,
        "body_too_large": has_key or "data" in fields or "signature" in handler.opt,
        "invalid": True,
        "idempotency_mismatch": has_key,
        "too_many_requests": True,
        "internal_error": True,
        "headers_too_large": True,
        "request_timeout": True,
        "bad_request": True,
        "unavailable": True,
    }
    return list(dict.fromkeys([*own, *(code for code, applies in around.items() if applies)]))


def _needs_sign_in(handler: HTTPRouteHandler) -> bool:
    """Whether a route tells strangers that it needs a sign-in. A route of one order tells them that there is none."""
    security = handler.resolve_security()
    return ORDER not in security and (CUSTOMER in security or STAFF in security)
