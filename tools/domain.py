"""The skeleton of a new domain: `make domain NAME=review`.

tools/skeleton is a domain called `thing`, complete and small; it is copied under the new name, the lines that make it
known are added in wiring/domains.py and gateway/api/__init__.py, and the files that are written from the code are
written again. What it holds is to be replaced; where it stands is not. If any step fails, everything is as it was.
"""

import builtins
import keyword
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

_ROOT: Final = Path(__file__).parent.parent
_SKELETON: Final = Path(__file__).parent / "skeleton"
_OURS: Final = ("actors", "bus", "engine", "gateway", "wiring")
_ROOMS: Final = (*_OURS, "bench", "cli", "run", "sandbox", "testkit", "tests", "tools")
_KNOWN_IN: Final = ("wiring/domains.py", "gateway/api/__init__.py")
_WRITTEN_FROM_CODE: Final = ("docs/domains.md", "gateway/pages/static/types.js")
# A schema has the domain's name, and these are words of SQL. Source: `pg_get_keywords()`, what is no ColId.
_SQL: Final = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross default deferrable desc distinct do else end except false fetch for
    foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading
    left like limit localtime natural not notnull null offset on only or order outer overlaps placing
    primary references returning right select similar some symmetric table tablesample then to trailing true union
    unique user using variadic verbose when where window with
"""
_RESERVED: Final = frozenset(_SQL.split())
_NEXT: Final = """
Its table, messages, rules and routes are examples: replace them with the domain's own. CONTRIBUTING.md shows how to
add an event, a mail, an audit check. After a change of messages `make update-golden docs`, of routes `make types`.
"""


class BadName(Exception):
    """The name can't be a domain's. The message is one line for the person who asked."""


class StepFailed(Exception):
    """A file could not be put into its form. The message is the output of the step."""


class Domain(NamedTuple):
    """A domain that was made."""

    made: Sequence[str]  # New files.
    edited: Sequence[str]


def main() -> None:
    """Make the domain that the command line names."""
    try:
        domain = add(sys.argv[1] if len(sys.argv) > 1 else "", _ROOT)
    except BadName as refused:
        _end(f"make domain: {refused}")
    except StepFailed as failed:
        _end(f"make domain: nothing was changed, because a step failed:\n{failed}")
    lines = [*(f"made {path}" for path in domain.made), *(f"edited {path}" for path in domain.edited)]
    sys.stdout.write("\n".join(lines) + "\n" + _NEXT)


def add(name: str, root: Path) -> Domain:
    """Write a domain below `root`, make it known, and bring what is written from the code up to date.

    Raises:
        BadName: The name can't be one, or is taken.
        StepFailed: The tree does not take it. Everything is as it was.
    """
    _check_name(name, root)
    files = _files(name)
    golden = f"tests/bus/golden/{name}.json"
    domain = Domain([*files, golden], [*_KNOWN_IN, *_WRITTEN_FROM_CODE])
    _check_free(name, root, files, golden)
    with _undone_on_failure(root, name, domain):
        make(name, root, files)
        python = [path for path in (*files, *_KNOWN_IN) if path.endswith(".py")]
        _run(root, "ruff", "check", "--quiet", "--fix", "--select", "I,F", *python)  # Names sort otherwise.
        _run(root, "ruff", "format", "--quiet", *python)
        _run(root, "pytest", "-q", "tests/bus/test_golden.py", UPDATE_GOLDEN="1")
        _run(root, "tools.domains_page")
        _run(root, "tools.page_types")
    return domain


def make(name: str, root: Path, files: Mapping[str, str]) -> None:
    """Write a domain's files, and the lines that make it known."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for file, change in zip(_KNOWN_IN, (_wired, _joined), strict=True):
        known_in = root / file
        known_in.write_text(change(known_in.read_text(encoding="utf-8"), name), encoding="utf-8")


def plural(name: str) -> str:
    """Write the plural of a noun, as English makes it of most."""
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)$", name) else f"{name}s"


def _check_name(name: str, root: Path) -> None:
    if not re.fullmatch(r"[a-z]{3,30}", name):
        raise BadName("NAME must be a word in small letters, such as NAME=review")
    if name in keyword.kwlist or name in keyword.softkwlist or hasattr(builtins, name):
        raise BadName(f"{name} is a word of Python")
    if name in _RESERVED:
        raise BadName(f"{name} is a word of SQL")
    if name in _ROOMS:
        raise BadName(f"there is a room {name}")
    if name in _schemas(root):
        raise BadName(f"there is a schema {name} in the database")


def _check_free(name: str, root: Path, files: Mapping[str, str], golden: str) -> None:
    """Refuse to write over files, or to give a name of a class or of an imported module a second meaning."""
    if any(
        path.is_file() and path.suffix != ".pyc" for folder in _folders(name) for path in (root / folder).rglob("*")
    ):
        raise BadName(f"there is a domain {name}")
    if taken := next((path for path in (*files, golden) if (root / path).exists()), None):
        raise BadName(f"{taken} exists")
    known = dict(_classes(root))
    for path, text in files.items():
        if kind := next((kind for kind in _class_names(text) if kind in known), None):
            raise BadName(f"{path} would have a class {kind}, and {known[kind]} has one")
    routes = (root / "gateway/api/__init__.py").read_text(encoding="utf-8")
    if re.search(rf"^from .* import .*\b{name}\b", routes, re.MULTILINE):
        raise BadName(f"gateway/api/__init__.py imports another {name}")


def _classes(root: Path) -> Iterator[tuple[str, str]]:
    for room in _ROOMS:
        for path in (root / room).rglob("*.py") if room not in ("tests", "sandbox", "bench") else ():
            file = path.relative_to(root).as_posix()
            yield from ((kind, file) for kind in _class_names(path.read_text(encoding="utf-8")))


def _class_names(text: str) -> list[str]:
    return re.findall(r"^class (\w+)", text, re.MULTILINE)


def _schemas(root: Path) -> set[str]:
    """Name the schemas of the database: PostgreSQL's own, and those that migrations make."""
    texts = (path.read_text(encoding="utf-8") for room in _OURS for path in (root / room).rglob("schema/*.sql"))
    return {"public"}.union(*(re.findall(r"create schema (\w+)", text) for text in texts))


def _files(name: str) -> dict[str, str]:
    """Return the paths and texts of the new domain's files."""
    sources = sorted(path for path in _SKELETON.rglob("*.txt") if path.is_file())
    return {
        _renamed(path.relative_to(_SKELETON).as_posix().removesuffix(".txt"), name): _renamed(
            path.read_text(encoding="utf-8"), name
        )
        for path in sources
    }


@contextmanager
def _undone_on_failure(root: Path, name: str, domain: Domain) -> Iterator[None]:
    """Put everything back if the block fails, also when a person interrupts it."""
    before = {path: (root / path).read_bytes() for path in domain.edited if (root / path).exists()}
    try:
        yield
    except BaseException:
        for path in domain.made:
            (root / path).unlink(missing_ok=True)
        for folder in _folders(name):
            shutil.rmtree(root / folder, ignore_errors=True)
        for path, content in before.items():
            (root / path).write_bytes(content)
        raise


def _folders(name: str) -> tuple[str, str]:
    return f"actors/{name}", f"tests/actors/{name}"


def _run(root: Path, *words: str, **environment: str) -> None:
    command = [sys.executable, "-m", *words]
    done = subprocess.run(  # noqa: S603
        command, cwd=root, env=os.environ | environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise StepFailed(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())


def _end(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(2)


def _renamed(text: str, name: str) -> str:
    """Write a text of the skeleton for another noun, in one pass: the noun may itself contain `thing`."""
    many = plural(name)
    words = {"thing": name, "things": many, "Thing": name.title(), "Things": many.title()}
    return re.sub(r"[Tt]hings?", lambda found: words[found[0]], text)


def _wired(text: str, name: str) -> str:
    """Add an import, an entry of ACTORS and a line of make_actors."""
    kind = plural(name).title()
    text = _with_import(text, f"from actors.{name}.actor import {kind}\n")
    text = text.replace("\n)  # fmt: skip", f"\n    {kind},\n)  # fmt: skip", 1)
    head, last, tail = text.rpartition("\n    )\n")
    return f"{head}\n        {kind}(database=database),{last}{tail}"


def _with_import(text: str, line: str) -> str:
    """Put it where the order of imports has it."""
    lines = text.splitlines(keepends=True)
    place = next(nr for nr, other in enumerate(lines) if other.startswith("from ") and _order(other) > _order(line))
    return "".join([*lines[:place], line, *lines[place:]])


def _order(line: str) -> tuple[bool, str]:
    module = line.split()[1]
    return module.partition(".")[0] in _OURS, module


def _joined(text: str, name: str) -> str:
    """Add an imported name, a line of PUBLIC and a line of STAFF; nothing where routes are not joined so."""
    if "STAFF: list" not in text:
        return text
    imported = re.search(r"from gateway.api import \(\n(.*?)\)\n", text, re.DOTALL)
    assert imported
    names = "".join(sorted([*imported[1].splitlines(keepends=True), f"    {name},\n"]))
    text = text.replace(imported[1], names, 1)
    for joined in ("PUBLIC", "STAFF"):
        text = re.sub(rf"(\n{joined}: list.*?)\n\]", rf"\1\n    *{name}.{joined},\n]", text, count=1, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    main()
