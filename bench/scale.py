"""The limits of growth: arithmetic over measured costs. `python -m bench.scale` prints the table of docs/scaling.md.

A model and no measurement: it takes the cost of one purchase on one machine (`make bench`), and computes the cores,
servers and queues for more of them, each busy for at most `BUSY` of the time. An untried figure stays a claim.
"""

import math
from dataclasses import dataclass

BUSY = 0.6  # Of a core, or of what a service allows; the rest is for peaks and for what is replaced.
CORES_OF_A_PRIMARY = 64
LOG_OF_A_PRIMARY = 500_000_000  # Bytes per second of write-ahead log that a good disk takes and a replica follows.
# Source: Amazon SQS Developer Guide, "Message quotas", high throughput for FIFO queues, the largest regions: requests
# per second of each kind (send, receive, delete) and queue, ten messages in each.
REQUESTS_OF_A_QUEUE = 70_000
MESSAGES_OF_A_REQUEST = 10


@dataclass(frozen=True)
class Purchase:
    """The cost of a purchase: measured with 32 buyers, so with the batches of a busy shop."""

    shop_ms: float = 8.3  # Of a core, edge and actors together.
    postgres_ms: float = 3.3
    log_bytes: int = 22_000  # Write-ahead log.
    queue_messages: int = 14  # To the busiest of three parts, events, commands and answers together.


@dataclass(frozen=True)
class Need:
    """The machines that so many purchases per second need."""

    per_second: int
    shop_cores: int
    primaries: int  # PostgreSQL servers that are written to.
    queues: int  # For the busiest part.

    @property
    def split(self) -> str:
        """The coarsest division that suffices."""
        if self.shop_cores == 1:
            return "one process"
        if self.primaries == 1:
            return "actors over processes"
        if self.primaries <= 4:
            return "PostgreSQL by domain"
        return "PostgreSQL and queues by key"


def need(per_second: int, one: Purchase = Purchase()) -> Need:
    """Compute the machines for so many purchases per second."""
    postgres_cores = per_second * one.postgres_ms / 1000 / BUSY
    by_log = per_second * one.log_bytes / (LOG_OF_A_PRIMARY * BUSY)
    messages = REQUESTS_OF_A_QUEUE * MESSAGES_OF_A_REQUEST * BUSY
    return Need(
        per_second,
        math.ceil(per_second * one.shop_ms / 1000 / BUSY),
        math.ceil(max(postgres_cores / CORES_OF_A_PRIMARY, by_log)),
        math.ceil(per_second * one.queue_messages / messages),
    )


def closed_loop_per_second(callers: int, alone_s: float, each_s: float) -> float:
    """Compute the asks per second of an actor whose callers each wait for their last answer: a turn takes them all.

    Args:
        callers: How many ask, each in a closed loop.
        alone_s: The time of a turn of one message.
        each_s: The time that every further message adds.
    """
    return callers / (alone_s + (callers - 1) * each_s)


def table() -> str:
    """Write the table, in Markdown."""
    lines = [
        "| purchases a second | cores for ShopFlow | PostgreSQL primaries | queues for the busiest part | divided |",
        "| --: | --: | --: | --: | --- |",
    ]
    for per_second in (10, 100, 1_000, 10_000, 100_000, 500_000):
        each = need(per_second)
        lines.append(f"| {per_second:,} | {each.shop_cores:,} | {each.primaries:,} | {each.queues} | {each.split} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
