"""The flow between the actors: publishers and listeners of each event, what waits, and what lies dead on the way."""

from collections.abc import Sequence

from litestar import get

from gateway.api.bodies import View
from gateway.arrows import actors_of, arrows_of
from gateway.context import GatewayContext, Injected


class FlowNodeView(View, frozen=True, kw_only=True):
    """An actor. `mailbox` is null where it is in another process."""

    name: str
    mailbox: int | None  # Messages that wait or are being handled.
    oldest_wait_s: float | None


class FlowEdgeView(View, frozen=True, kw_only=True):
    """An event of one actor that another handles, and the dead letters of it."""

    publisher: str
    event: str
    subscriber: str
    dead_letters: int


class GraphView(View, frozen=True, kw_only=True):
    """The graph of the shop: its actors, and the events between them."""

    actors: Sequence[FlowNodeView]
    edges: Sequence[FlowEdgeView]


@get("/flow", summary="Read how events flow between the actors")
async def read_graph(context: Injected) -> GraphView:
    """Read the graph of actors and events, with what waits in each mailbox and the dead letters of each edge.

    A dead letter is counted at the edges of its event; where an event has several publishers, at each of them.
    `watch_flow` on `/live` sends the messages of each edge as they flow.
    """
    dead = await context.backlog.count_dead()
    edges = [
        FlowEdgeView(
            publisher=arrow.publisher,
            event=arrow.event,
            subscriber=arrow.subscriber,
            dead_letters=dead.get((arrow.subscriber, arrow.event), 0),
        )
        for arrow in arrows_of(context.routes)
    ]
    return GraphView(actors=[_node(context, name) for name in actors_of(context.routes)], edges=edges)


def _node(context: GatewayContext, name: str) -> FlowNodeView:
    cell = context.cells.get(name)
    return FlowNodeView(
        name=name,
        mailbox=cell.mailbox.size if cell else None,
        oldest_wait_s=round(cell.mailbox.oldest_wait_s(), 6) if cell else None,
    )


STAFF = [read_graph]
