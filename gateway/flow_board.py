"""The flow between the actors of this process, as staff see it: by edge, and by actor."""

from collections.abc import Mapping
from datetime import datetime
from time import perf_counter

import msgspec

from engine.cell import ActorCell
from engine.clock import Clock
from engine.flow import Edge, Flow, Waits

_encode = msgspec.json.Encoder().encode


class FlowEdge(msgspec.Struct, frozen=True, kw_only=True, rename={"by": "from"}):
    """The messages of one type that one actor publishes and another handles."""

    by: str  # "": they were published outside of any actor.
    event: str
    to: str
    messages: int  # Since the process began.
    per_second: float  # Since the last reading.
    age_p50_s: float  # Of those handled since the last reading: until an actor took them. 0: at once.
    age_max_s: float
    dead_letters: int  # Since the process began.


class FlowActor(msgspec.Struct, frozen=True, kw_only=True):
    """An actor, and what waits for it."""

    name: str
    mailbox: int  # Messages that wait or are being handled.
    oldest_wait_s: float


class FlowMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="flow"):
    """The flow of one moment."""

    at: datetime
    edges: list[FlowEdge]
    actors: list[FlowActor]


class FlowBoard:
    """Reads the counts of a process."""

    def __init__(self, flow: Flow, cells: Mapping[str, ActorCell], clock: Clock) -> None:
        self._flow = flow
        self._cells = cells
        self._clock = clock
        self._before: Mapping[Edge, int] = {}
        self._read_s: float | None = None  # When they were read; None if nobody watched.

    def read(self) -> bytes:
        """Return the present flow, as a message of `/live`. Rates are those since the last reading."""
        # As waits are measured: by the machine's time, whatever the clock of the shop says.
        now_s, sent, waits = perf_counter(), self._flow.sent(), self._flow.take_waits()
        passed_s = now_s - self._read_s if self._read_s is not None else 0.0
        edges = [self._edge(edge, count, passed_s, waits) for edge, count in sorted(sent.items())]
        self._before, self._read_s = sent, now_s
        return _encode(FlowMessage(at=self._clock.now(), edges=edges, actors=self._actors()))

    def rest(self) -> None:
        """Stop measuring: nobody watches."""
        self._flow.rest()
        self._before, self._read_s = {}, None

    def _edge(self, edge: Edge, count: int, passed_s: float, waits: Mapping[tuple[str, str], Waits]) -> FlowEdge:
        wait = waits.get((edge.type, edge.subscriber), Waits())
        return FlowEdge(
            by=edge.publisher,
            event=edge.type,
            to=edge.subscriber,
            messages=count,
            per_second=round((count - self._before.get(edge, 0)) / passed_s, 1) if passed_s > 0 else 0.0,
            age_p50_s=round(wait.p50_s, 4),
            age_max_s=round(wait.max_s, 4),
            dead_letters=self._flow.parked(edge.type, edge.subscriber),
        )

    def _actors(self) -> list[FlowActor]:
        return [
            FlowActor(name=name, mailbox=cell.mailbox.size, oldest_wait_s=round(cell.mailbox.oldest_wait_s(), 4))
            for name, cell in sorted(self._cells.items())
        ]
