"""The list of all commands, in the order in which `run.py --help` prints them."""

import importlib.metadata
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from cli import catalogue, messages, operations, search, serve, settings, tokens, tour
from cli.running import print_line, run

app = typer.Typer(
    help="ShopFlow runs a whole shop in one program.",
    no_args_is_help=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def default(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version, and end.")] = False,
) -> None:
    """ShopFlow runs a whole shop in one program. Without a command it serves the shop."""
    if version:
        print_line(f"ShopFlow {_version()}")
    elif context.invoked_subcommand is None:
        run(serve.serve)


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
app.command("export")(catalogue.export)
app.add_typer(search.search, name="search")
app.command("audit")(operations.audit)
app.command("token")(tokens.token)
app.add_typer(tokens.tokens, name="tokens")
app.add_typer(messages.letters, name="dead-letters")
app.add_typer(messages.queue_commands, name="queues")
app.command("settings")(settings.settings)
app.command("schema")(operations.schema)
