"""The running of commands: settings, event loop, and the printing of refusals."""

import errno
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.progress import Progress

from bus.sqs.client import MissingQueue
from engine.embedded.postgres import holds_cluster
from engine.errors import BadInput, BadSetting, ShopFlowError
from engine.migrations import has_migrations
from engine.telemetry import configure_logging
from wiring.domains import ShopSettings
from wiring.settings import read_all, unknown_settings
from wiring.shop import Shop, attach_shop

T = TypeVar("T")

# What opens a cart, a payment or an account to whoever reads it; of each, what is enough to find it again.
_KEYS: Final = re.compile(
    r"(\bcart_[\w-]{4}|\bpi_\w{1,40}_secret_|\b[sr]k_(?:live|test)_|\bwhsec_)[\w-]+"
    r"|(://[^\s:/@]*:)[^\s/@]+(?=@)|([?&](?i:\w*password)=)[^\s&'\"]+"
)

out = Console()


def print_line(line: str) -> None:
    """Print a line, unbuffered also through a pipe."""
    print(line, flush=True)  # noqa: T201 - this is the program's output


def report_progress(line: str) -> None:
    """Print a line about a program that goes on, whether or not anybody reads it."""
    try:
        print_line(line)
    except BrokenPipeError:  # Python's own advice; else what is still buffered fails again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:  # Its disk is full.
        pass


@asynccontextmanager
async def existing_shop(settings: ShopSettings) -> AsyncIterator[Shop]:
    """Attach to the shop that the settings name, for a command. Unlike `attach_shop` it makes none.

    Raises:
        BadSetting: There is no shop: the folder or the database is another one than was meant.
    """
    url, folder = settings.engine.database_url, settings.engine.shopflow_data
    if url and not await has_migrations(url):
        raise BadSetting("DATABASE_URL: there is no shop in this database; `run.py serve` makes one")
    if not url and not holds_cluster(folder / "postgres"):
        raise BadSetting(f"SHOPFLOW_DATA: there is no shop in {folder.absolute()}; `run.py serve` makes one")
    async with attach_shop(settings) as shop:
        yield shop


def progress_bar() -> Progress:
    """Make a bar for a terminal, which is gone when its block ends, however it ends. In a pipe nothing is drawn."""
    return Progress(console=out, transient=True, disable=not out.is_terminal)


def run(main: Callable[[ShopSettings], Awaitable[T]], *, is_service: bool = False) -> T:
    """Read the settings and run a command; an error in settings or input is one line, and exit code 2.

    Args:
        main: The command.
        is_service: Whether it runs on and logs. Others answer and end: on a terminal their answer stands alone, with
            warnings at most. Elsewhere their log is kept: the making of a token is a line of the security log.
    """
    try:
        settings = read_all()
        for line in unknown_settings():
            typer.echo(f"ShopFlow: {line}", err=True)
        level = settings.engine.shopflow_log
        if level == "info" and not is_service and sys.stderr.isatty():
            level = "warning"
        configure_logging(level, as_json=settings.engine.shopflow_log_json, keys=_KEYS)
        return uvloop.run(_awaited(main, settings))
    except* ShopFlowError as group:
        _refuse(group)
    except* BrokenPipeError:  # Typer ends quietly when it gets it alone, and sees that nothing more is written.
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None
    raise AssertionError("either returned or refused")


async def _awaited(main: Callable[[ShopSettings], Awaitable[T]], settings: ShopSettings) -> T:
    return await main(settings)


def _refuse(error: BaseException) -> None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    remedy = ": `run.py queues create` makes all" if isinstance(error, MissingQueue) else ""
    typer.echo(f"ShopFlow: {error}{remedy}", err=True)
    raise typer.Exit(2 if isinstance(error, BadInput) else 1)
