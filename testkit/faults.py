"""Faults on demand, reset for sure when their block ends: `with shop.faults.stripe(timeouts=3): ...`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

from sandbox import Sandbox
from sandbox.core.faults import Fault, WebhookFault

_Chosen: TypeAlias = tuple[Literal["hang", "fail", "rate_limit", "drop"], int | None]


class FaultsOnDemand:
    """Common faults of the outside world. For all others set `shop.sandbox.faults` (see sandbox/core/faults.py)."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @contextmanager
    def stripe(
        self,
        *,
        timeouts: int | None = None,
        errors: int | None = None,
        rate_limits: int | None = None,
        drops: int | None = None,
        down: bool = False,
        after_work: bool = False,
        path: str = "",
    ) -> Iterator[None]:
        """Make Stripe misbehave, in one way at a time.

        Args:
            timeouts: So many calls are never answered.
            errors: So many are answered 500.
            rate_limits: So many are answered 429.
            drops: So many connections are closed instead of answered.
            down: Every connection is closed.
            after_work: Not before its work is done (an error is then kept under the idempotency key, as Stripe does).
            path: Only calls whose "METHOD /path" contains this.
        """
        with self._trouble(
            "stripe", _chosen(timeouts, errors, rate_limits, drops, down=down), after_work=after_work, path=path
        ):
            yield

    @contextmanager
    def carrier(
        self, *, errors: int | None = None, drops: int | None = None, down: bool = False, after_work: bool = False
    ) -> Iterator[None]:
        """Make the carrier misbehave, as `stripe` does."""
        with self._trouble("carrier", _chosen(None, errors, None, drops, down=down), after_work=after_work, path=""):
            yield

    @contextmanager
    def smtp(
        self, *, errors: int | None = None, drops: int | None = None, down: bool = False, after_work: bool = False
    ) -> Iterator[None]:
        """Make the mail server misbehave: `errors` are "try again later" (451)."""
        chosen = _chosen(None, errors, None, drops, down=down)
        with self._trouble("smtp", chosen, after_work=after_work, path="", status=451):
            yield

    @contextmanager
    def webhooks(self, *, repeat: int = 1, drop: int = 0, hold: bool = False) -> Iterator[None]:
        """Make webhooks misbehave.

        Args:
            repeat: How often each is sent.
            drop: The next so many are never sent.
            hold: None is sent until the block ends; `shop.settle()` sends those that wait by then.
        """
        self._sandbox.faults.webhooks = WebhookFault(repeat=repeat, drop=drop, hold=hold)
        try:
            yield
        finally:
            self._sandbox.faults.webhooks = WebhookFault()

    @contextmanager
    def _trouble(
        self, service: str, chosen: _Chosen, *, after_work: bool, path: str, status: int = 500
    ) -> Iterator[None]:
        action, count = chosen
        gate = self._sandbox.faults.gates[service]
        gate.fault = Fault(action=action, count=count, after_work=after_work, path=path, status=status)
        try:
            yield
        finally:
            gate.fault = Fault()


def _chosen(
    timeouts: int | None, errors: int | None, rate_limits: int | None, drops: int | None, *, down: bool
) -> _Chosen:
    kinds: list[_Chosen] = [("hang", timeouts), ("fail", errors), ("rate_limit", rate_limits), ("drop", drops)]
    chosen: list[_Chosen] = [kind for kind in kinds if kind[1] is not None]
    if down:
        chosen.append(("drop", None))
    if len(chosen) != 1:
        raise ValueError("choose one kind of trouble: timeouts=, errors=, rate_limits=, drops= or down=True")
    return chosen[0]
