"""The list of all commands, in the order in which `run.py --help` prints them."""

import typer

from cli import catalogue, messages, operations, serve, settings, tour

app = typer.Typer(help="ShopFlow runs a whole shop in one program.", no_args_is_help=False, add_completion=False)
app.callback(invoke_without_command=True)(serve.default)
app.command("serve")(serve.serve_command)
app.command("tour")(tour.tour)
app.command("import")(catalogue.import_command)
app.command("export")(catalogue.export)
app.command("audit")(operations.audit)
app.command("token")(operations.token)
app.add_typer(messages.letters, name="dead-letters")
app.add_typer(messages.queue_commands, name="queues")
app.command("settings")(settings.settings)
app.command("schema")(operations.schema)
