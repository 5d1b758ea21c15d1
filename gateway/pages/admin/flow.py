"""Flow: the graph of actors and events, live; an edge with its dead letters; the way of one order."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from gateway.api.flow import FlowEdgeView, GraphView
from gateway.api.order_desk import OrderList
from gateway.api.order_flow import FlowView
from gateway.context import Http
from gateway.pages.admin.flow_picture import FlowPicture, draw
from gateway.pages.admin.letters import letters_of
from gateway.pages.admin.screens import PortalPart, Screen, screen
from gateway.pages.inside import Refused, ask

_LONGEST: Final = 100


class EdgeBundle(msgspec.Struct, frozen=True, kw_only=True):
    """All events from one actor to another."""

    publisher: str
    subscriber: str
    events: Sequence[FlowEdgeView]

    @property
    def dead(self) -> int:
        """The dead letters among them."""
        return sum(each.dead_letters for each in self.events)


@get("/admin/flow", include_in_schema=False)
async def flow(request: Http) -> Response[bytes]:
    """Draw the graph, and in it the way of an order if the address names one."""
    graph = (await ask(request, "GET", "/admin/api/flow")).read(GraphView)
    number = str(request.query_params.get("order", "")).strip()[:_LONGEST]
    order = await _order(request, number) if number else None
    edges = edges_of(graph)
    picture = draw([(edge.publisher, edge.subscriber) for edge in edges])
    return await screen(
        request,
        "flow.html",
        graph=graph,
        edges=edges,
        picture=picture,
        idle=_idle(graph, picture),
        dead={(edge.publisher, edge.subscriber): edge.dead for edge in edges},
        events={(edge.publisher, edge.subscriber): [each.event for each in edge.events] for edge in edges},
        number=number,
        order=order,
        lit=_lit(order) if order else {},
    )


@get("/admin/flow/{subscriber:str}", include_in_schema=False)
async def letters(request: Http, subscriber: FromPath[str]) -> Response[bytes]:
    """Show an actor: the events that it hears, and its dead letters; of one event, if the address names it."""
    graph = (await ask(request, "GET", "/admin/api/flow")).read(GraphView)
    event = str(request.query_params.get("event", ""))[:_LONGEST]
    listed, shown = await letters_of(request, actor=subscriber, kind=event)
    heard = [each for each in graph.edges if each.subscriber == subscriber]
    actor = next((each for each in graph.actors if each.name == subscriber), None)
    published = [each for each in graph.edges if each.publisher == subscriber]
    return await screen(
        request,
        "flow_of.html",
        actor=actor,
        subscriber=subscriber,
        event=event,
        heard=heard,
        published=published,
        letters=shown,
        next=listed.next,
    )


def edges_of(graph: GraphView) -> Sequence[EdgeBundle]:
    """Return the pairs of actors between which events flow."""
    found = dict[tuple[str, str], list[FlowEdgeView]]()
    for each in graph.edges:
        found.setdefault((each.publisher, each.subscriber), []).append(each)
    return [EdgeBundle(publisher=by, subscriber=to, events=events) for (by, to), events in found.items()]


def _idle(graph: GraphView, picture: FlowPicture) -> Sequence[str]:
    """Name the actors that neither publish nor hear of anything: they are only asked."""
    drawn = {box.name for box in picture.boxes}
    return [actor.name for actor in graph.actors if actor.name not in drawn]


async def _order(request: Http, number: str) -> FlowView | None:
    """Read the flow of an order, by its id or its number; None if there is none."""
    listed = await _found(request, number)
    order_id = next((row.id for row in listed.items if row.number.lower() == number.lower()), number)
    try:
        return (await ask(request, "GET", f"/admin/api/orders/{quote(order_id, safe='')}/flow")).read(FlowView)
    except Refused as refused:
        if refused.status not in (403, 404):
            raise
        return None


async def _found(request: Http, number: str) -> OrderList:
    try:
        return (await ask(request, "GET", "/admin/api/orders", query=urlencode({"q": number}))).read(OrderList)
    except Refused as refused:
        if refused.status not in (403, 404):
            raise
        return OrderList(items=[], next=None)


def _lit(order: FlowView) -> Mapping[tuple[str, str], Sequence[int]]:
    """Return the edges that an order's events took, each with the places of these events on its way."""
    lit = dict[tuple[str, str], list[int]]()
    for place, each in enumerate(order.events, 1):
        for listener in each.listeners if each.publisher else ():
            lit.setdefault((each.publisher, listener), []).append(place)
    return lit


PART = PortalPart(
    screens=[Screen(path="/admin/flow", title="Flow", group="engine", key="read_settings", letter="f")],
    routes=[flow, letters],
)
