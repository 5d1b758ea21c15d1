"""docs/domains.md, written from the actors, their messages and their migrations: `make docs`.

A domain publishes the events that its code makes, and sends those messages of others that its code imports.
"""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from bus.routes import Routes
from engine.actor import Actor
from engine.message import Command, Event, Message, Query
from wiring.domains import ACTORS, SCHEMAS

_ROOT: Final = Path(__file__).parent.parent
PAGE: Final = _ROOT / "docs" / "domains.md"

_HEAD: Final = """\
# Domains

A domain is a folder of `actors/`: one actor, its tables, and the messages that it takes. A command or a query goes to
the one actor that takes it, an event to every listener. An actor's own messages are its timers and records, which no
other domain sends. `bus/messages/` has the fields of all messages; `run.py schema` prints them as JSON Schema. What
becomes of orders, payments, units and parcels is drawn in [lives.md](lives.md). This page is written from the code:
`make docs`."""

_CREATED: Final = re.compile(r"^create table ([a-z_]+\.[a-z_]+)", re.MULTILINE)


def main() -> None:
    """Write the page."""
    PAGE.write_text(text(), encoding="utf-8")


def text() -> str:
    """The whole page."""
    purposes = [f"| [{actor.name}](#{actor.name}) | {_purpose(actor)} |" for actor in ACTORS]
    overview = "\n".join(["| domain | for |", "| --- | --- |", *purposes])
    return "\n\n".join([_HEAD, overview, *(_section(actor) for actor in ACTORS), _events()]) + "\n"


@cache
def publishers() -> Mapping[type[Event], Sequence[str]]:
    """Every event of the shop, in the order of its definition, with the domains whose code makes it."""
    made = {actor.name: _made(actor) for actor in ACTORS}
    modules = dict.fromkeys(importlib.import_module(f"bus.messages.{name}") for name in _message_files())
    events = (
        kind
        for module in modules
        for kind in vars(module).values()
        if _is(kind, Event) and kind.__module__ == module.__name__
    )
    return {event: [name for name, kinds in made.items() if event in kinds] for event in events}


def _section(actor: type[Actor]) -> str:
    taken = _taken(actor)
    asked = [kind for kind in taken if _is(kind, Command) and not _is_own(kind)]
    rows = {
        "tables": _names(_tables(actor)),
        "commands": _kinds(kind for kind in asked if not _is(kind, Query)),
        "queries": _kinds(kind for kind in asked if _is(kind, Query)),
        "own messages": _kinds(kind for kind in taken if _is_own(kind)),
        "sends": _by_domain((kind, [other.name]) for other in ACTORS for kind in _sent(actor, other)),
        "publishes": _kinds(event for event, names in publishers().items() if actor.name in names),
        "listens to": _by_domain((event, names) for event, names in publishers().items() if event in taken),
    }
    lines = [f"| {name} | {cell or 'none'} |" for name, cell in rows.items()]
    return "\n".join([f"## {actor.name}", "", _first_line(actor), "", "| | |", "| --- | --- |", *lines])


def _events() -> str:
    listeners = Routes(ACTORS).listeners()
    rows = [
        f"| `{event.__name__}` | {_first_line(event)} | {', '.join(names)} "
        f"| {', '.join(listeners.get(event.__name__, ['nobody']))} |"
        for event, names in publishers().items()
    ]
    head = ["## Events", "", "| event | meaning | from | to |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])


def _purpose(actor: type[Actor]) -> str:
    return _first_line(importlib.import_module(f"actors.{actor.name}"))


def _first_line(described: type | ModuleType) -> str:
    return (described.__doc__ or "").strip().partition("\n")[0]


def _tables(actor: type[Actor]) -> Iterable[str]:
    """Tables that the domain's migrations create; without migrations, those of the house that its SQL names."""
    folder = _ROOT / "actors" / actor.name / "schema"
    if folder in SCHEMAS.values():
        return _created(folder)
    sql = "\n".join(path.read_text(encoding="utf-8") for path in _sources(actor))
    return [
        table
        for shared in SCHEMAS.values()
        for table in _created(shared)
        if re.search(rf"\b(from|into) {table}\b", sql)
    ]


def _created(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.sql")):
        yield from _CREATED.findall(path.read_text(encoding="utf-8"))


def _made(actor: type[Actor]) -> set[object]:
    """All that the domain's code calls by a name of its modules: the classes it makes are among it."""
    made: set[object] = set()
    for path in _sources(actor):
        names = vars(_module(path))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.value if isinstance(node.func, ast.Attribute) else node.func  # `Event.of(...)`.
                if isinstance(called, ast.Name) and isinstance(names.get(called.id), type):
                    made.add(names[called.id])
    return made


def _taken(actor: type[Actor]) -> list[type[Message]]:
    """All messages that an actor takes, in the order of their definition."""
    kinds = [kind for handler in actor.handlers for kind in handler.message_types]
    return sorted(kinds, key=lambda kind: list(vars(importlib.import_module(kind.__module__))).index(kind.__name__))


def _sent(actor: type[Actor], other: type[Actor]) -> Iterable[type[Message]]:
    """Commands and queries of another actor that this domain's code knows."""
    known = {value for path in _sources(actor) for value in vars(_module(path)).values() if isinstance(value, type)}
    return [kind for kind in _taken(other) if other is not actor and _is(kind, Command) and kind in known]


def _sources(actor: type[Actor]) -> Sequence[Path]:
    return sorted((_ROOT / "actors" / actor.name).rglob("*.py"))


def _module(path: Path) -> ModuleType:
    parts = path.relative_to(_ROOT).with_suffix("").parts
    return importlib.import_module(".".join(part for part in parts if part != "__init__"))


def _message_files() -> Sequence[str]:
    """Files of messages: those of the domains in the order of the domains, then any other."""
    files = sorted(path.stem for path in (_ROOT / "bus" / "messages").glob("*.py") if path.stem != "__init__")
    domains = [actor.name for actor in ACTORS]
    return sorted(files, key=lambda name: domains.index(name) if name in domains else len(domains))


def _is_own(kind: type[Message]) -> bool:
    return kind.__module__.startswith("actors.")


def _is(value: object, base: type[Message]) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def _kinds(kinds: Iterable[type[Message]]) -> str:
    return _names(kind.__name__ for kind in kinds)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _by_domain(kinds: Iterable[tuple[type[Message], Sequence[str]]]) -> str:
    """Messages, grouped by the domains on their other end."""
    grouped: dict[str, list[type[Message]]] = {}
    for kind, domains in kinds:
        grouped.setdefault(", ".join(domains), []).append(kind)
    return "<br>".join(f"{domains}: {_kinds(of_these)}" for domains, of_these in grouped.items())


if __name__ == "__main__":
    main()
