"""`settings`: every setting, its value, its source, and its meaning. docs/settings.md is written here, too."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer
from rich.table import Column, Table

from cli.running import out, print_line, run
from engine.settings import Setting, Settings, describe
from wiring.domains import ShopSettings

_HEAD = """\
# Settings

Everything comes from the environment, is read once, and has a default. An empty variable counts as one that is not
there; a bad value is one clear line and exit code 2. `run.py settings` shows the values of here and now, and which of
them the environment sets. A secret may also stand in a file: `STRIPE_SECRET_KEY_FILE` names the one with Stripe's key.
This page is written from the code: `make settings`."""


class _Section(NamedTuple):
    """The settings of one room or domain."""

    name: str
    kind: type[Settings]

    @property
    def about(self) -> str:
        """The first paragraph of the settings' docstring."""
        return (self.kind.__doc__ or "").partition("\n\n")[0]


def settings(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print all settings with their defaults as a page in Markdown.")
    ] = False,
) -> None:
    """List every setting with its value, the value's source, and its meaning. Secrets are hidden."""
    if markdown:
        print_line(page())
        return

    async def main(read: ShopSettings) -> ShopSettings:
        return read

    read = run(main)
    if out.is_terminal:
        out.print(_table(read))
    else:
        for line in _lines(read):
            print_line(line)


def page() -> str:
    """Write docs/settings.md: all settings, as the code describes them."""
    return "\n\n".join([_HEAD, *(_in_markdown(section) for section in _sections())])


def _in_markdown(section: _Section) -> str:
    rows = [f"| `{one.name}` | {_default(one)} | {one.meaning} |" for one in describe(section.kind)]
    return "\n".join(
        [f"## {section.name}", "", section.about, "", "| variable | default | meaning |", "| --- | --- | --- |", *rows]
    )


def _default(setting: Setting) -> str:
    shown = _text(setting.default)
    return f"`{shown}`" if shown else ""


def _lines(read: ShopSettings) -> Iterator[str]:
    """Write a line for each setting, never cut: for pipes and files."""
    for section in _sections():
        for one in describe(section.kind):
            yield f"{one.name}={_shown(section, one, read)}  # {_source(one)}: {one.meaning}"


def _table(read: ShopSettings) -> Table:
    """Make a table that a narrow terminal folds, but for the names."""
    table = Table(
        Column("setting", no_wrap=True, overflow="fold"),
        Column("value", overflow="fold"),
        Column("from", overflow="fold"),
        "meaning",
    )
    for section in _sections():
        for one in describe(section.kind):
            table.add_row(one.name, _shown(section, one, read), _source(one), one.meaning)
        table.add_section()
    return table


def _shown(section: _Section, setting: Setting, read: ShopSettings) -> str:
    value = _text(getattr(getattr(read, section.name), setting.field))
    return "(secret)" if setting.is_secret and value else value


def _source(setting: Setting) -> str:
    if os.environ.get(setting.name):
        return "environment"
    file = f"{setting.name}_FILE"
    return file if setting.is_secret and os.environ.get(file) else "default"


def _sections() -> Iterator[_Section]:
    for group in msgspec.structs.fields(ShopSettings):
        yield _Section(group.name, group.type)


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case None:
            return ""
        case float():
            return f"{value:g}"
        case Path():
            return value.as_posix()
        case _:
            return str(value)
