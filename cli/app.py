"""The list of all commands, in the order in which `run.py --help` prints them."""

import importlib.metadata
import tomllib
from pathlib import Path
from typing import Annotated, Final

import typer
from typer.core import TyperGroup

from cli import breached, catalogue, keys, messages, operations, persons, search, serve, settings, staff, tokens, tour
from cli.running import print_line, run

_ORDER: Final = (
    "serve", "tour", "import", "imports", "export", "search", "audit", "staff", "token", "tokens", "keys",
    "breached-file", "erase", "erasures", "legal-holds", "personal-data", "dead-letters", "queues", "settings",
    "schema",
)  # fmt: skip
_EXAMPLES: Final = "Examples: run.py serve, run.py import goods.csv --dry-run, run.py token --label Ada, run.py audit."


class _InOrder(TyperGroup):
    """Lists commands and groups of commands in our order; Typer lists all groups last."""

    def list_commands(self, ctx: object) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(self.commands, key=_ORDER.index)


app = typer.Typer(
    cls=_InOrder,
    epilog=_EXAMPLES,
    no_args_is_help=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def default(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version, and end.")] = False,
) -> None:
    """ShopFlow runs a whole shop in one program. Without a command it serves the shop, as `serve` does.

    Its settings come from the environment: `run.py settings` lists them.
    """
    if version:
        print_line(f"ShopFlow {_version()}")
    elif context.invoked_subcommand is None:
        run(serve.serve, is_service=True)


def _version() -> str:
    """Return the installed version, or that of the checkout."""
    try:
        return importlib.metadata.version("shopflow")
    except importlib.metadata.PackageNotFoundError:
        project = Path(__file__).parent.parent / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


app.command("serve")(serve.serve_command)
app.command("tour")(tour.tour)
app.command("import")(catalogue.import_command)
app.add_typer(catalogue.imports, name="imports")
app.command("export")(catalogue.export)
app.add_typer(search.search, name="search")
app.command("audit")(operations.audit)
app.add_typer(staff.staff, name="staff")
app.command("token")(tokens.token)
app.add_typer(tokens.tokens, name="tokens")
app.add_typer(keys.keys, name="keys")
app.add_typer(breached.breached, name="breached-file")
app.command("erase")(persons.erase)
app.command("erasures")(persons.erasures)
app.add_typer(persons.holds, name="legal-holds")
app.command("personal-data")(persons.personal_data)
app.add_typer(messages.letters, name="dead-letters")
app.add_typer(messages.queue_commands, name="queues")
app.command("settings")(settings.settings)
app.command("schema")(operations.schema)
