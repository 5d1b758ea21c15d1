"""Refusals at the edge: counted all, and logged so that a flood of them does not fill the log.

One line per reason, address and minute, and no more than 100 a minute; the rest is a number in the next line.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from prometheus_client import Counter

from engine import telemetry

Reason: TypeAlias = Literal[
    "requests",  # More than a client address may send.
    "connections",  # The process has as many as it can have.
    "connections_of_address",
    "live_of_address",  # Websockets and event streams.
    "pipeline",  # Requests sent ahead on one connection.
    "head",  # Larger than a request's head may be.
    "malformed",
    "host",
    "late",  # A request that was not whole in time.
    "unread",  # An answer that was not read in time.
    "unpaid_orders",
    "held_units",
    "logins",  # Of a network.
    "sign_ups",
    "account_mails",  # To an address, or of a network.
    "passwords",  # Failures at an account.
]  # fmt: skip

_REFUSED: Final = Counter("shopflow_edge_refused", "Requests and connections that were refused, by reason", ["reason"])
_PERIOD_S = 60.0
_MOST_LINES = 100  # In a period.


class Refusals:
    """Counts and logs refusals.

    Args:
        now: A clock in seconds that is never set.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._logged: set[tuple[Reason, str]] = set()
        self._unlogged = 0
        self._until = 0.0
        self._log = telemetry.logger(part="edge")

    def note(self, reason: Reason, address: str, **values: str) -> None:
        """Count a refusal; log it, unless this minute has had its lines.

        Args:
            reason: Why.
            address: The client's.
            values: For the log; no secrets, and nothing that strangers can write at length.
        """
        _REFUSED.labels(reason).inc()
        now = self._now()
        if now >= self._until:
            self._until = now + _PERIOD_S
            self._logged.clear()
        if (reason, address) in self._logged or len(self._logged) >= _MOST_LINES:
            self._unlogged += 1
            return
        self._logged.add((reason, address))
        self._log.warning("refused", reason=reason, address=address, not_logged=self._unlogged, **values)
        self._unlogged = 0
