"""The running of commands: settings, event loop, and the printing of refusals."""

import os
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer
import uvloop
from rich.console import Console

from bus.sqs.client import MissingQueue
from engine.errors import BadInput, ShopFlowError
from engine.telemetry import configure_logging
from wiring.domains import ShopSettings
from wiring.settings import read_all

T = TypeVar("T")

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


def run(main: Callable[[ShopSettings], Awaitable[T]]) -> T:
    """Read the settings and run a command; an error in settings or input is one line, and exit code 2."""
    try:
        settings = read_all()
        configure_logging(settings.engine.shopflow_log, as_json=settings.engine.shopflow_log_json)
        return uvloop.run(_awaited(main, settings))
    except* ShopFlowError as group:
        _refuse(group)
    raise AssertionError("either returned or refused")


async def _awaited(main: Callable[[ShopSettings], Awaitable[T]], settings: ShopSettings) -> T:
    return await main(settings)


def _refuse(error: BaseException) -> None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    remedy = ": `run.py queues create` makes all" if isinstance(error, MissingQueue) else ""
    typer.echo(f"ShopFlow: {error}{remedy}", err=True)
    raise typer.Exit(2 if isinstance(error, BadInput) else 1)
