"""The flow of an order: which events made its life, who publishes and who hears each, and what still waits.

What was handled leaves no row: a delivery is deleted with its effect, and a purchase pays for no record of it. So an
event that waits nowhere, and is no dead letter, was handled by all its listeners.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from litestar import get
from litestar.params import FromPath

from bus.messages import words
from bus.messages.base import Instant
from bus.messages.order import GetOrder, Moment, Order, OrderStatus
from engine.message import Command, Event, Message
from gateway.api.bodies import View
from gateway.context import GatewayContext, Injected
from gateway.problems import not_found


class FlowEventView(View, frozen=True, kw_only=True):
    """An event of an order's life. `after_ms` is the time since the event before it."""

    at: Instant
    event: str
    title: str
    detail: str
    after_ms: int
    publisher: str  # An actor; "" for what only the order's timeline knows.
    listeners: Sequence[str]


class FlowWaitView(View, frozen=True, kw_only=True):
    """A message about an order that an actor has still to handle; at `due`, if it is a timer."""

    actor: str
    type: str
    attempts: int
    waits_ms: int
    due: Instant | None


class FlowLetterView(View, frozen=True, kw_only=True):
    """A message about an order that could not be handled."""

    id: str
    actor: str
    type: str
    error: str
    parked_at: Instant


class FlowView(View, frozen=True, kw_only=True):
    """The flow of an order."""

    order_id: str
    number: str
    state: Literal["at_rest", "moving", "stuck"]  # Nothing waits but timers; something does; there are dead letters.
    events: Sequence[FlowEventView]
    waiting: Sequence[FlowWaitView]
    dead_letters: Sequence[FlowLetterView]


@get("/orders/{order_id:str}/flow", summary="Trace the events of an order", refuses=["not_found"])
async def read_flow(context: Injected, order_id: FromPath[str]) -> FlowView:
    """Trace an order's life: each event with its publisher and its listeners, what waits, and what could not be done.

    Durations are those between events: nothing is written down when a listener is done, because each purchase would
    pay for that.
    """
    order = await context.bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        raise not_found("order")
    now, idle = context.clock.now(), _idle(context, order.status)
    waiting = [row for row in await context.backlog.waiting_of(order_id) if row.due is None or row.type not in idle]
    letters = await context.backlog.dead_letters_about([order_id])
    moving = any(row.due is None for row in waiting)
    return FlowView(
        order_id=order.id,
        number=order.number,
        state="stuck" if letters else "moving" if moving else "at_rest",
        events=_events(order.timeline, events_of(context)),
        waiting=[
            FlowWaitView(
                actor=row.subscriber,
                type=row.type,
                attempts=row.attempts,
                waits_ms=max(0, round((now - row.stored_at).total_seconds() * 1000)),
                due=row.due,
            )
            for row in waiting
        ],
        dead_letters=[
            FlowLetterView(
                id=str(row.id), actor=row.subscriber, type=row.type, error=row.error, parked_at=row.parked_at
            )
            for row in letters
        ],
    )


def _idle(context: GatewayContext, status: OrderStatus) -> frozenset[str]:
    """Name the timers that do nothing to an order of this status; they stay until they are due."""
    kinds = [kind for kind in context.routes.message_types() if issubclass(kind, Command)]
    return frozenset(kind.__name__ for kind in kinds if kind.only_while and status not in kind.only_while)


def events_of(context: GatewayContext) -> Mapping[str, tuple[str, Sequence[str]]]:
    """Name the publisher and the listeners of each event that an actor hears."""
    routes = context.routes
    return {
        kind.__name__: (publisher(kind), routes.subscribers(kind))
        for kind in routes.message_types()
        if issubclass(kind, Event)
    }


def publisher(kind: type[Message]) -> str:
    """Name the actor that publishes an event: the domain whose messages it is among."""
    return kind.__module__.rpartition(".")[2]


def _events(timeline: Sequence[Moment], known: Mapping[str, tuple[str, Sequence[str]]]) -> list[FlowEventView]:
    views = list[FlowEventView]()
    for place, moment in enumerate(timeline):
        before = timeline[place - 1].at if place else moment.at
        by, heard = known.get(moment.event, ("", ()))
        views.append(
            FlowEventView(
                at=moment.at,
                event=moment.event,
                title=words.event(moment.event),
                detail=moment.detail,
                after_ms=max(0, round((moment.at - before).total_seconds() * 1000)),
                publisher=by,
                listeners=heard,
            )
        )
    return views


STAFF = [read_flow]
