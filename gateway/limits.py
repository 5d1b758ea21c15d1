"""The limit on requests of a client address: before routes, bodies and keys, so that a refusal costs next to nothing.

Each request is charged by the table of costs (gateway/api/costs.py), and what is no request one unit. Callers that a
signature or a token will prove (Stripe, carriers, staff) come often and from few addresses: they have a lane of their
own, and are charged only for what is refused. So however much Stripe sends, it is not kept waiting, and guesses at
tokens and signatures are few.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal, NamedTuple, TypeAlias

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.answers import problem_messages
from gateway.client_address import Headers
from gateway.guard import Guard
from gateway.limiter import Caller
from gateway.problems import Problem, too_many

Lane: TypeAlias = Literal["anyone", "signed", "probes"]

_UNPROVEN: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class RouteCost:
    """The cost of requests to some paths, in units of SHOPFLOW_REQUESTS_A_MINUTE.

    `path` is a pattern of whole paths. Requests in the lane "signed" are charged only if they are refused.
    """

    path: str
    units: int
    lane: Lane = "anyone"
    methods: frozenset[str] | None = None  # None for all.
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(self.path))

    def covers(self, method: str, path: str) -> bool:
        """Whether this is the cost of a request."""
        return (self.methods is None or method in self.methods) and self.pattern.fullmatch(path) is not None


def cost_of(costs: Sequence[RouteCost], method: str, path: str) -> RouteCost:
    """Return the first cost that covers a request; the last covers all."""
    return next((cost for cost in costs if cost.covers(method, path)), costs[-1])


class Admission(NamedTuple):
    """The decision about a request."""

    caller: Caller
    cost: RouteCost
    wait_s: float  # 0.0: it is admitted.

    def refusal(self) -> Problem:
        """Return the refusal of a request that must wait."""
        return too_fast(self.wait_s)


def too_fast(wait_s: float) -> Problem:
    """Make the refusal of an address that has used its allowance up."""
    return too_many(wait_s, "This address sends more requests than one may.")


class AdmissionControl:
    """Decides about requests, each once: where its head is read (gateway/http_protocol.py), else in `with_limits`."""

    def __init__(self, guard: Guard, costs: Sequence[RouteCost]) -> None:
        self._guard = guard
        self._costs = costs

    def admit(self, method: str, path: str, peer: str, headers: Headers) -> Admission:
        """Decide about a request, and charge for it. A refusal is logged.

        Args:
            method: HEAD counts as GET.
            path: Without escapes.
            peer: The address of the connection.
            headers: With names in lower case.
        """
        guard = self._guard
        cost = cost_of(self._costs, "GET" if method == "HEAD" else method, path)
        caller = Caller(cost.lane, guard.addresses.of(peer, headers))
        is_signed = cost.lane == "signed"
        wait_s = guard.requests.wait_s(caller) if is_signed else guard.requests.take(caller, cost.units)
        if wait_s:
            guard.note_requests(caller.address, cost.path, is_forwarded=_is_forwarded(peer, headers, guard))
        return Admission(caller, cost, wait_s)

    def charge(self, peer: str, headers: Headers) -> None:
        """Charge a client address for what is refused unread, as it is no request."""
        self._guard.requests.take(Caller("anyone", self._guard.addresses.of(peer, headers)))


def with_limits(app: ASGIApp, guard: Guard, costs: Sequence[RouteCost]) -> ASGIApp:
    """Wrap an application so that no client address asks more of it than its allowance."""
    control = AdmissionControl(guard, costs)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        decided: Admission | None = scope["state"].get("admission")
        method = str(scope.get("method", ""))
        admission = decided or control.admit(method, scope["path"], _peer(scope), scope["headers"])
        scope["state"]["client_address"] = admission.caller.address
        if admission.cost.lane == "signed":
            send = _charging(send, guard, admission.caller, admission.cost)
        if not admission.wait_s:
            await app(scope, receive, send)
            return
        for message in problem_messages(admission.refusal()):
            await send(message)

    return serve


def _charging(send: Send, guard: Guard, caller: Caller, cost: RouteCost) -> Send:
    async def send_and_charge(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in _UNPROVEN:
            guard.requests.charge(caller, cost.units)
        await send(message)

    return send_and_charge


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _is_forwarded(peer: str, headers: Headers, guard: Guard) -> bool:
    """Whether a request seems to come through a proxy that is not trusted."""
    is_said = any(name in (b"x-forwarded-for", b"forwarded") for name, _ in headers)
    return is_said and not guard.addresses.is_proxy(peer)
