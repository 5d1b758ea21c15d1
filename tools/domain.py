"""The skeleton of a new domain: `make domain NAME=review`.

tools/skeleton is a domain called `thing`, complete and small; it is copied under the new name, and the lines that make
it known are added in wiring/domains.py and gateway/api/__init__.py. What it holds is to be replaced; where it stands
is not.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
_SKELETON: Final = Path(__file__).parent / "skeleton"
_OURS: Final = ("actors", "bus", "engine", "gateway", "wiring")
_KNOWN_IN: Final = ("wiring/domains.py", "gateway/api/__init__.py")
# A schema has the domain's name, and these are words of SQL.
_RESERVED: Final = {"case", "check", "column", "group", "limit", "offset", "order", "select", "table", "user", "window"}


class BadName(Exception):
    """The name can't be a domain's. The message is one line for the person who asked."""


def main() -> None:
    """Make the domain that the command line names."""
    try:
        made = make(sys.argv[1] if len(sys.argv) > 1 else "", _ROOT)
    except BadName as refused:
        sys.exit(f"make domain: {refused}")
    _run("ruff", "check", "--quiet", "--fix", "--select", "I", *made, *_KNOWN_IN)  # Names sort otherwise.
    _run("ruff", "format", "--quiet", *made, *_KNOWN_IN)
    _run("pytest", "-q", "tests/bus/test_golden.py", UPDATE_GOLDEN="1")
    _run("tools.domains_page")
    sys.stdout.write("\n".join(f"made {path}" for path in made) + "\n")


def make(name: str, root: Path) -> list[str]:
    """Write a domain's files below `root`, and the lines that make it known; the new files.

    Raises:
        BadName: The name can't be one, or is taken.
    """
    if not re.fullmatch(r"[a-z]{3,30}", name):
        raise BadName("NAME must be a word in small letters, such as NAME=review")
    if name in _RESERVED:
        raise BadName(f"{name} is a word of SQL")
    if (root / "actors" / name).exists():
        raise BadName(f"there is a domain {name}")
    sources = sorted(path for path in _SKELETON.rglob("*.txt") if path.is_file())
    made = [_renamed(path.relative_to(_SKELETON).as_posix().removesuffix(".txt"), name) for path in sources]
    for source, path in zip(sources, made, strict=True):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(source.read_text(encoding="utf-8"), name), encoding="utf-8")
    for file, change in zip(_KNOWN_IN, (_wired, _joined), strict=True):
        known_in = root / file
        known_in.write_text(change(known_in.read_text(encoding="utf-8"), name), encoding="utf-8")
    return made


def _run(*words: str, **environment: str) -> None:
    files = [word for word in words if not word.endswith(".sql")]
    subprocess.run([sys.executable, "-m", *files], cwd=_ROOT, env=os.environ | environment, check=True)  # noqa: S603


def _renamed(text: str, name: str) -> str:
    return (
        text.replace("things", _plural(name))
        .replace("Things", _plural(name).title())
        .replace("thing", name)
        .replace("Thing", name.title())
    )


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if re.search(r"[^aeiou]y$", name) else f"{name}s"


def _wired(text: str, name: str) -> str:
    """Add an import, an entry of ACTORS and a line of make_actors."""
    kind = _plural(name).title()
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
