"""gateway/pages/static/types.js, written from the API's own description: `make types`.

A shape that the API no longer has is then an error of the page's type check, and not a surprise in a browser. Only what
routes for buyers say and take; staff's shapes would double the file, and no page uses them.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from gateway.app import description

TYPES: Final = Path(__file__).parent.parent / "gateway" / "pages" / "static" / "types.js"

_HEAD: Final = """\
/**
 * The shapes that the shop's API speaks, for editors, readers and `make check`; there is no code in here.
 * Written from /openapi.json by `make types`: change the API, not this file.
 */
"""
_FOOT: Final = "\nexport {};\n"
_STAFF: Final = "/admin/"
_REF: Final = "#/components/schemas/"
_PLAIN: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}

Json = object  # Checked piece by piece.


def main() -> None:
    """Write the file."""
    TYPES.write_text(text(), encoding="utf-8")


def text() -> str:
    """The whole file."""
    api = _object(description())
    schemas = _object(_object(api["components"])["schemas"])
    typedefs = [_typedef(name, _object(schemas[name])) for name in _used(api, schemas)]
    return _HEAD + "\n" + "\n".join(typedefs) + _FOOT


def _used(api: Mapping[str, Json], schemas: Mapping[str, Json]) -> list[str]:
    """Names of all schemas that routes for buyers lead to, sorted."""
    paths = _object(api["paths"])
    found: set[str] = set()
    waiting = list(_references([route for path, route in paths.items() if not path.startswith(_STAFF)]))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(schemas[name]))
    return sorted(found)


def _references(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REF)
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _typedef(name: str, schema: Mapping[str, Json]) -> str:
    """Write a shape: a line for each property, in the order in which the API writes them."""
    properties = _object(schema.get("properties", {}))
    required = schema.get("required", [])
    assert isinstance(required, list)
    lines = [
        f" * @property {{{_type(_object(value))}}} {key if key in required else f'[{key}]'}\n"
        for key, value in properties.items()
    ]
    kind = "Object" if properties else _type(schema)
    return f"/**\n * @typedef {{{kind}}} {name}\n{''.join(lines)} */\n"


def _type(schema: Mapping[str, Json]) -> str:  # noqa: PLR0911  # One for each kind of schema.
    match schema:
        case {"$ref": str(reference)}:
            return reference.removeprefix(_REF)
        case {"enum": list(values)}:
            return _either(f'"{value}"' if isinstance(value, str) else "null" for value in values)
        case {"oneOf": list(kinds)} | {"anyOf": list(kinds)}:
            return _either(_type(_object(kind)) for kind in kinds)
        case {"type": "array", "items": items}:
            inner = _type(_object(items))
            return f"({inner})[]" if " " in inner else f"{inner}[]"
        case {"type": "object", "additionalProperties": values} if isinstance(values, Mapping):
            return f"Record<string, {_type(values)}>"
        case {"type": "object"}:
            return "Record<string, unknown>"
        case {"type": str(kind)}:
            return _PLAIN[kind]
        case _:
            return "unknown"


def _either(kinds: Iterable[str]) -> str:
    return " | ".join(kinds)


def _object(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value


if __name__ == "__main__":
    main()
