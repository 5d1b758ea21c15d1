"""House rules that no linter knows."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from bus.routes import Routes
from engine.message import Command, Event
from wiring.domains import ACTORS

ROOT = Path(__file__).parent.parent
ROOMS = ("run", "cli", "wiring", "gateway", "actors", "bus", "engine", "testkit", "sandbox", "tools", "bench", "tests")

SOURCES = sorted(
    path
    for room in ROOMS
    for path in ([ROOT / "run.py"] if room == "run" else (ROOT / room).rglob("*.py"))
    if path.exists()
)
SHIPPED = [path for path in SOURCES if path.relative_to(ROOT).parts[0] != "tests"]

WALL_CLOCK = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.(time|time_ns|localtime|gmtime)\b")
MAY_READ_IT = {"engine/clock.py", "sandbox/__main__.py"}
SQL_CLOCK = re.compile(
    r"\b(now\(\)|current_timestamp|clock_timestamp|statement_timestamp|localtimestamp)", re.IGNORECASE
)
# Which route or command does something is known above the bus.
ROUTE_OR_COMMAND = re.compile(r"/admin/api|\brun\.py\b|\b(GET|PUT|POST|PATCH|DELETE) /")
# Python's `$`, and so msgspec's, is before a line break at the end, too: `engine/patterns.py` says how to end one.
LOOSE_END = re.compile(r"""pattern=[rf]{0,2}["'][^"'\n]*\$["']""")
SLEEP = re.compile(r"^\s*(await )?(asyncio|anyio|time)\.sleep\((?!0\))", re.MULTILINE)
MAY_SLEEP = {"tests/waiting.py"}

# Tables are named with their schema, everywhere.
TABLE = re.compile(r"\b(?:from|join|into|update|table|exists|references|sequence)\s+([a-z_]+)\.[a-z_]+", re.IGNORECASE)
SCHEMA_OF = {
    "order": "orders",  # A domain whose name is a word of SQL.
    "idempotency": "gateway",  # Its table began there, and migrations only ever add.
}
# What a migration had to know of another domain, once.
READ_ONCE = {
    "actors/staff/schema/0001_staff.sql": {"gateway"},  # Which tokens programs have.
    "actors/inventory/schema/0002_assigned.sql": {"orders"},  # Which of the units that are sold have left.
    "actors/payment/schema/0006_unheard.sql": {"orders", "bus"},  # And what must be said of it.
}


# Events that a listener must not lose, whatever is moved: who promised to hear them. A new domain need not be here.
LISTENERS = {
    "OrderCreated": {"email", "inventory", "analytics", "warehouse"},
    "PaymentReceived": {"email", "analytics", "order", "inventory", "warehouse"},
    "OrderSettled": {"email", "inventory", "warehouse"},
    "OrderFulfilled": {"warehouse", "email"},
    "OrderShipped": {"email", "notification", "inventory"},
    "OrderDelivered": {"email", "analytics"},
    "OrderCancelled": {"email", "inventory", "payment", "warehouse"},
    "OrderRevived": {"email"},
    "LateMoneyReturned": {"email"},
    "PaymentProcessing": {"email", "inventory", "order"},
    "PaymentFailed": {"email", "inventory", "order"},
    "FullyRefunded": {"order", "warehouse"},
    "DisputeOpened": {"order", "warehouse"},
    "DisputeClosed": {"order", "warehouse"},
    "DisputeFundsMoved": {"analytics", "order"},
    "FraudWarned": {"order", "warehouse"},
    "RefundProcessed": {"email", "analytics", "order"},
    "CustomerErased": {"privacy"},
    "ProductChanged": {"search", "views"},
    "ProductRemoved": {"search", "views", "media"},
    "PicturesShown": {"catalog"},
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module.count(".") == 1 and node.module.startswith("actors."):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)  # They may be files.


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_entry_point_knows_the_commands_alone() -> None:
    """Of all else that is imported, import-linter knows (pyproject.toml); it reads packages, and run.py is none."""
    assert {module.split(".")[0] for module in imports(ROOT / "run.py")} & set(ROOMS) == {"cli"}
    assert not [name(path) for path in SOURCES if "run" in imports(path)]


def pure_modules() -> list[Path]:
    """Every domain's rules.py and private.py, and whatever else of it calls itself pure."""
    paths = sorted((ROOT / "actors").rglob("*.py"))
    return [path for path in paths if path.name in ("rules.py", "private.py") or "Pure" in (docstring(path) or "")]


def docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", pure_modules(), ids=name)
def test_rules_are_pure(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours = {module for module in imports(path) if module.split(".")[0] in ROOMS}
    folder = ROOT / "actors" / path.relative_to(ROOT).parts[1]
    own = {
        pure.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for pure in pure_modules()
        if pure.is_relative_to(folder)
    }
    own.add(f"actors.{folder.name}")  # `from actors.payment import refunds` is of the file.

    assert all(module.startswith(("bus.messages", "engine.message")) for module in ours - own)
    assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))


@pytest.mark.parametrize("path", sorted((ROOT / "actors").glob("*/store.py")), ids=name)
def test_a_store_knows_no_actor(path: Path) -> None:
    assert not any(module.endswith(".actor") for module in imports(path))


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_time_comes_from_the_clock(path: Path) -> None:
    if name(path) in MAY_READ_IT:
        return
    assert not WALL_CLOCK.search(path.read_text(encoding="utf-8"))
    assert not any(SQL_CLOCK.search(text) for text in strings(path))


@pytest.mark.parametrize(
    "path", [path for path in SHIPPED if path.relative_to(ROOT).parts[0] in ("actors", "bus", "engine")], ids=name
)
def test_what_is_below_the_edge_knows_no_route_and_no_command(path: Path) -> None:
    assert not [text for text in strings(path) if ROUTE_OR_COMMAND.search(text)]


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_a_pattern_that_bounds_a_text_bounds_its_end(path: Path) -> None:
    assert not LOOSE_END.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [path for path in SOURCES if name(path).startswith("tests/")], ids=name)
def test_no_test_sleeps(path: Path) -> None:
    if name(path) in MAY_SLEEP:
        return
    assert not SLEEP.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", sorted((ROOT / "actors").glob("*/")), ids=name)
def test_a_domain_touches_only_its_own_tables(folder: Path) -> None:
    if not (folder / "schema").exists() and folder.name not in SCHEMA_OF:
        return
    own = SCHEMA_OF.get(folder.name, folder.name)
    texts = [
        text for path in folder.glob("*.py") for text in strings(path) if re.search(r"\b(select|insert|update)\b", text)
    ]

    assert {schema for text in texts for schema in TABLE.findall(text)} <= {own}
    for path in folder.glob("schema/*.sql"):
        assert set(TABLE.findall(path.read_text(encoding="utf-8"))) <= {own} | READ_ONCE.get(name(path), set())


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_files_and_functions_are_short(path: Path) -> None:
    """Beyond these, look for the second idea inside."""
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert len(text.splitlines()) <= 400
    assert all((node.end_lineno or 0) - node.lineno < 60 for node in functions)


def test_every_dependency_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    entries = [line for line in text.splitlines() if re.match(r'    "[a-z][a-z0-9-]*[^"]*",', line) and "#" not in line]
    dependencies = text[text.index("dependencies = [") : text.index("[tool.ruff]")]

    assert not [entry for entry in entries if entry in dependencies]


def test_the_lock_has_hashes_and_no_addresses() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / file).read_text(encoding="utf-8")
        pinned = re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE)

        assert "://" not in text
        assert len(pinned) > 20
        assert text.count("--hash=sha256:") >= len(pinned)


def test_the_lock_of_npm_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "tools" / "npm" / "package-lock.json").read_text(encoding="utf-8")
    packages = [package for name, package in json.loads(text)["packages"].items() if name]

    assert "://" not in text
    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages)


def test_every_event_has_the_listeners_it_was_promised() -> None:
    listeners = Routes(ACTORS).listeners()

    assert {event: set(listeners[event]) for event in LISTENERS} == LISTENERS


# Of messages that may name a person: those on their way to the one domain that seals them, and its answers.
PERSONAL = re.compile(r"^(e_?mail|name|phone|address|recipient|buyer|street|line[12]|postal_code)$")
NOT_OF_PERSONS = {"ProductChanged", "ProductRemoved"}  # What goods are called.


def test_no_event_names_a_person() -> None:
    """Events are stored, retried, parked and sent on: they carry ids, and whoever needs the address asks for it."""
    events = [kind for kind in Routes(ACTORS).message_types() if issubclass(kind, Event)]
    personal = [
        f"{kind.__name__}.{field}"
        for kind in events
        for field, hint in get_type_hints(kind).items()
        if kind.__name__ not in NOT_OF_PERSONS and (PERSONAL.match(field) or "Address" in str(hint))
    ]

    assert len(events) > 20
    assert personal == []


def test_whatever_names_a_person_says_so() -> None:
    """So that it is stored nowhere, and sealed on its way between processes."""
    silent = [
        f"{kind.__name__}.{field}"
        for kind in Routes(ACTORS).message_types()
        if issubclass(kind, Command) and not kind.names_persons
        for field, hint in get_type_hints(kind).items()
        if field != "name" and (PERSONAL.match(field) or "Address" in str(hint))
    ]
    assert silent == []


def test_a_class_name_has_one_meaning() -> None:
    """Outside the sandbox and the bench, which have the names of others. Source: TigerBeetle's style guide."""
    places: dict[str, list[str]] = {}
    for path in SHIPPED:
        if path.relative_to(ROOT).parts[0] in ("sandbox", "bench") or "skeleton" in path.parts:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name(path))

    assert {kind: files for kind, files in places.items() if len(files) > 1} == {}


# As the first word of a docstring these send their reader searching for what is meant.
POINTERS = {
    "anybody", "as", "everybody", "everything", "he", "it", "nobody", "one", "she", "so", "somebody", "that", "there",
    "these", "they", "this", "those", "what", "whatever", "which", "who", "whoever", "whom", "whose",
}  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_a_docstring_begins_with_a_verb_or_the_thing_itself(path: Path) -> None:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kinds)]
    texts = [text for node in nodes if (text := ast.get_docstring(node))]

    pointing = [text for text in texts if text.split()[0].strip(",.:;").lower() in POINTERS]
    assert pointing == [], f"begin with a verb or the thing itself, with none of: {', '.join(sorted(POINTERS))}"
