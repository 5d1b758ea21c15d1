"""`settings`: every setting, its value, its source, and its meaning. docs/settings.md is written here, too."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer
from rich.table import Table

from cli.running import out, print_line, run
from engine.settings import Setting, Settings, describe
from wiring.domains import ShopSettings

_HEAD = """\
# Settings

Everything comes from the environment, is read once, and has a default. An empty variable counts as one that is not
there; a bad value is one clear line and exit code 2. `run.py settings` shows the values of here and now, and which of
them the environment sets. A secret may also stand in a file: `STRIPE_SECRET_KEY_FILE` names the one with Stripe's key.
This page is written from the code: `make settings`."""


class _Group(NamedTuple):
    """The settings of one room or domain."""

    name: str
    kind: type[Settings]

    @property
    def about(self) -> str:
        """The first paragraph of the settings' docstring."""
        return (self.kind.__doc__ or "").partition("\n\n")[0]


def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/settings.md instead.")] = False,
) -> None:
    """List every setting with its value, the value's source, and its meaning. Secrets are hidden."""
    if markdown:
        print_line(page())
        return

    async def main(read: ShopSettings) -> ShopSettings:
        return read

    out.print(_table(run(main)))


def page() -> str:
    """Write docs/settings.md: all settings, as the code describes them."""
    return "\n\n".join([_HEAD, *(_section(group) for group in _groups())])


def _section(group: _Group) -> str:
    rows = [f"| `{one.name}` | {_default(one)} | {one.meaning} |" for one in describe(group.kind)]
    return "\n".join(
        [f"## {group.name}", "", group.about, "", "| variable | default | meaning |", "| --- | --- | --- |", *rows]
    )


def _default(setting: Setting) -> str:
    shown = _text(setting.default)
    return f"`{shown}`" if shown else ""


def _table(read: ShopSettings) -> Table:
    table = Table("setting", "value", "from", "meaning")
    for group in _groups():
        values: Settings = getattr(read, group.name)
        for one in describe(group.kind):
            value = _text(getattr(values, one.field))
            shown = "(secret)" if one.is_secret and value else value
            table.add_row(one.name, shown, _source(one), one.meaning)
        table.add_section()
    return table


def _source(setting: Setting) -> str:
    if os.environ.get(setting.name):
        return "environment"
    file = f"{setting.name}_FILE"
    return file if setting.is_secret and os.environ.get(file) else "default"


def _groups() -> Iterator[_Group]:
    for group in msgspec.structs.fields(ShopSettings):
        yield _Group(group.name, group.type)


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
