"""Logs and metrics. Nothing here is called per message at info: a turn is measured once, however many it holds."""

import logging
import re
import sys
from collections.abc import Callable
from functools import cache
from io import StringIO
from typing import Final, TextIO

import structlog
from prometheus_client import Counter, Gauge, Histogram

_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

TURNS = Counter("shopflow_turns", "Turns that ended, by what became of them.", ["actor", "handler", "outcome"])
TURN_SECONDS = Histogram("shopflow_turn_seconds", "How long a turn took.", ["actor", "handler"], buckets=_SECONDS)
BATCH = Histogram("shopflow_turn_messages", "Messages in a turn.", ["actor", "handler"], buckets=_BATCHES)
WAIT = Histogram("shopflow_wait_seconds", "How long a turn's first message waited.", ["actor"], buckets=_SECONDS)
CALLS = Counter("shopflow_calls", "Calls that ended, by what became of them.", ["actor", "handler", "outcome"])
CALL_SECONDS = Histogram("shopflow_call_seconds", "How long a call took.", ["actor", "handler"], buckets=_SECONDS)
RETRIES = Counter("shopflow_retries", "Messages that will be tried again.", ["actor"])
DEAD_LETTERS = Counter("shopflow_dead_letters", "Messages that were parked.", ["actor"])
OVERLOADED = Counter("shopflow_overloaded", "Messages that a full mailbox refused.", ["actor"])
EXPIRED = Counter("shopflow_expired", "Asks that nobody waited for any more.", ["actor"])
RESTARTS = Counter("shopflow_restarts", "Actors that crashed and were started again.", ["actor"])
INLINE = Counter(
    "shopflow_inline",
    "Events to listeners here, by whether they were handled inline, or why not.",
    ["actor", "outcome"],
)
LOST_LINES = Counter("shopflow_log_lines_lost", "Log lines that standard error did not take.")
CIRCUIT = Gauge("shopflow_circuit_open", "1 while a service outside is thought to be down.", ["service"])
MAILBOX = Gauge("shopflow_mailbox_messages", "Messages that wait for an actor or are being handled.", ["actor"])


def note_turn(actor: str, handler: str, outcome: str, *, messages: int, waited_s: float, took_s: float) -> None:
    """Measure a turn that has ended."""
    _histogram(WAIT, actor).observe(waited_s)
    _histogram(BATCH, actor, handler).observe(messages)
    _histogram(TURN_SECONDS, actor, handler).observe(took_s)
    _counter(TURNS, actor, handler, outcome).inc()


def note_inline(actor: str, outcome: str, messages: int = 1) -> None:
    """Count events that were handled in the transaction of their publisher, or why they were not."""
    _counter(INLINE, actor, outcome).inc(messages)


def note_call(actor: str, handler: str, outcome: str, *, took_s: float) -> None:
    """Measure a call that has ended."""
    _histogram(CALL_SECONDS, actor, handler).observe(took_s)
    _counter(CALLS, actor, handler, outcome).inc()


# There are few of them, and `labels` takes a lock and makes texts each time.
@cache
def _histogram(metric: Histogram, *labels: str) -> Histogram:
    return metric.labels(*labels)


@cache
def _counter(metric: Counter, *labels: str) -> Counter:
    return metric.labels(*labels)


def logger(**values: str) -> structlog.stdlib.BoundLogger:
    """Return a logger that adds these values to each line."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(**values)
    return bound


class _StandardError(structlog.WriteLogger):
    """Writes lines to standard error, and counts those that it does not take.

    Where nobody reads it any more, or its disk is full, the turn goes on that had something to log.
    """

    def msg(self, message: str) -> None:
        try:
            super().msg(message)
        except (OSError, ValueError):  # ValueError: it was closed.
            LOST_LINES.inc()

    debug = info = warning = error = critical = exception = msg


# Control characters move a terminal's cursor, recolour or begin a line; the others turn the direction of writing.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Write what a stranger may have sent so that a terminal shows it and does nothing else."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class _Cleaner:
    """Takes from each line what must not stand in a log: whole keys, and, for people, unprintable characters."""

    def __init__(self, keys: re.Pattern[str] | None, *, is_for_people: bool) -> None:
        self._keys = keys
        self._is_for_people = is_for_people

    def __call__(self, _: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        for name, value in line.items():
            if isinstance(value, str):
                line[name] = self._clean(value)
        return line

    def traceback(self, into: TextIO, error: structlog.typing.ExcInfo) -> None:
        """Write a traceback, each line indented, so that no text in it can pass for another line of the log."""
        written = StringIO()
        structlog.dev.plain_traceback(written, error)
        into.write("".join(f"\n    {self._clean(line)}" for line in written.getvalue().strip("\n").split("\n")))

    def _clean(self, text: str) -> str:
        if self._keys:
            text = self._keys.sub(lambda found: f"{found[found.lastindex or 0]}...", text)
        return printable(text) if self._is_for_people else text


def configure_logging(level: str, *, as_json: bool, keys: re.Pattern[str] | None = None) -> None:
    """Write logs to standard error: lines for people, or JSON for machines.

    Args:
        level: debug, info, warning or error.
        as_json: One JSON object a line.
        keys: What opens something for whoever reads it. Of each match, the group that matched is logged.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    cleaner = _Cleaner(keys, is_for_people=not as_json)
    render: Callable[..., str | bytes] = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=32,
            exception_formatter=cleaner.traceback,  # Rich tracebacks show variables, and so secrets.
        )
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    errors: list[structlog.typing.Processor] = [structlog.processors.format_exc_info] if as_json else []
    ends: list[structlog.typing.Processor] = [*errors, cleaner, render]
    structlog.configure(
        processors=[*shared, *ends],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _StandardError(sys.stderr),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    # Its pool logs a traceback for each try to reach a server that is away; the turns that wait log it once.
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
