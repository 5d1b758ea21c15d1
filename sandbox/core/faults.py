"""Faults of the outside world, on request.

`take` is called once per API call and returns the fault to apply. Chance is seeded, so a failing test fails again.
"""

from collections.abc import Callable
from random import Random
from typing import Annotated, Literal

from msgspec import Meta, Struct

HANG_S = 120.0  # The longest a hanging call is held.

Seconds = Annotated[float, Meta(ge=0, le=HANG_S)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Stripe, the carrier or SMTP misbehaves until it is reset. The default does no harm.

    `fail` answers with `status` (HTTP's, or SMTP's at DATA); `rate_limit` with 429 (SMTP: 450); `hang` never answers
    before the client gives up or 120 s pass; `drop` closes the connection. With `after_work` the work is done first:
    `fail` then stores its status under the idempotency key, as Stripe does; `hang` and `drop` only lose the answer.
    """

    delay_s: Seconds = 0.0  # Before the work of every matching call.
    action: Literal["none", "fail", "rate_limit", "hang", "drop"] = "none"
    count: Count | None = None  # The next so many matching calls; None is all of them.
    status: Annotated[int, Meta(ge=400, le=599)] = 500
    after_work: bool = False
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    path: str = ""  # Only calls whose "METHOD /path" contains this; SMTP's call is "DATA".
    retry_after_s: Annotated[int, Meta(ge=0, le=3600)] = 1
    seed: int = 0


class WebhookFault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How webhooks misbehave until they are reset. The default does no harm."""

    repeat: Annotated[int, Meta(ge=1, le=100)] = 1  # How often each one is sent.
    reorder_s: Seconds = 0.0  # Each is late by a random part of this, so those within the window are shuffled.
    delay_s: Seconds = 0.0
    drop: Count = 0  # The next so many are never sent.
    hold: bool = False  # Nothing is sent until this is reset, or flush_webhooks is called.
    seed: int = 0


NONE = Fault()


class Gate:
    """The fault of a service, and how often it still applies."""

    def __init__(self) -> None:
        self.fault = NONE

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault = fault
        self._left = fault.count
        self._random = Random(fault.seed)  # noqa: S311 - chance for tests

    def take(self, call: str) -> Fault:
        """Return the fault to apply to this call ("METHOD /path"). Uses up one of `count`."""
        fault = self._fault
        if fault is NONE or fault.path not in call:
            return NONE
        if self._left == 0 or (fault.probability < 1 and self._random.random() >= fault.probability):
            return Fault(delay_s=fault.delay_s)
        if self._left is not None:
            self._left -= 1
        return fault


class WebhookGate:
    """The fault of webhooks, and how many are still to be dropped."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.fault = WebhookFault()

    @property
    def fault(self) -> WebhookFault:
        return self._fault

    @fault.setter
    def fault(self, fault: WebhookFault) -> None:
        self._fault = fault
        self._drops = fault.drop
        self.on_change()
        self._random = Random(fault.seed)  # noqa: S311 - chance for tests

    def delays(self) -> list[float]:
        """Return the delay of each copy of the next webhook, in seconds. Empty: it is never sent."""
        if self._drops > 0:
            self._drops -= 1
            return []
        fault = self._fault
        return [fault.delay_s + self._random.uniform(0, fault.reorder_s) for _ in range(fault.repeat)]


class Faults:
    """`faults.stripe = Fault(...)` takes effect with the next call."""

    def __init__(self) -> None:
        self.gates = {"stripe": Gate(), "carrier": Gate(), "smtp": Gate()}
        self.webhook_gate = WebhookGate()

    @property
    def stripe(self) -> Fault:
        return self.gates["stripe"].fault

    @stripe.setter
    def stripe(self, fault: Fault) -> None:
        self.gates["stripe"].fault = fault

    @property
    def carrier(self) -> Fault:
        return self.gates["carrier"].fault

    @carrier.setter
    def carrier(self, fault: Fault) -> None:
        self.gates["carrier"].fault = fault

    @property
    def smtp(self) -> Fault:
        return self.gates["smtp"].fault

    @smtp.setter
    def smtp(self, fault: Fault) -> None:
        self.gates["smtp"].fault = fault

    @property
    def webhooks(self) -> WebhookFault:
        return self.webhook_gate.fault

    @webhooks.setter
    def webhooks(self, fault: WebhookFault) -> None:
        self.webhook_gate.fault = fault

    def reset(self) -> None:
        for gate in self.gates.values():
            gate.fault = NONE
        self.webhooks = WebhookFault()
