"""A customer's sessions: listed, and ended one by one or all."""

from collections.abc import Sequence

from litestar import Response, delete, get
from litestar.params import FromPath

from bus.messages.base import Instant
from bus.messages.customer import EndSessions
from gateway.api.bodies import View
from gateway.api.customer.bodies import SentView, let_in
from gateway.api.customer.signing_in import sent
from gateway.api.lists import WholeListView
from gateway.context import Injected
from gateway.customers import CurrentCustomer, end_for_good, session_cookie
from gateway.problems import not_found
from gateway.sessions import Session


class SessionView(View, frozen=True, kw_only=True):
    """A session. `current` is the one that asks. Device and network are those of the sign-in."""

    id: str
    device: str
    network: str
    method: str
    since: Instant
    seen: Instant
    expires_at: Instant
    current: bool


class SessionList(WholeListView[SessionView], frozen=True, kw_only=True):
    """Sessions, the newest first."""


@get("/sessions", summary="List the own sessions")
async def list_sessions(context: Injected, customer: CurrentCustomer) -> SessionList:
    """List the sessions of the customer that have not ended."""
    sessions = await context.customers.of(customer.id)
    return SessionList(items=_views(sessions, customer))


@delete("/sessions/{session_id:str}", status_code=200, summary="End one of the own sessions", refuses=["not_found"])
async def end_session(context: Injected, customer: CurrentCustomer, session_id: FromPath[str]) -> SessionList:
    """End a session, for good. What watches orders by it is cut off."""
    sessions = await context.customers.of(customer.id)
    found = next((each for each in sessions if each.id == session_id), None)
    if found is None:
        raise not_found("session")
    await end_for_good(context, found)
    context.updates.publish_ended_sessions(await context.customers.end(customer.id, found.id))
    return SessionList(items=_views([each for each in sessions if each.id != session_id], customer))


@delete("/sessions", status_code=200, summary="End all of the own sessions")
async def end_sessions(context: Injected, customer: CurrentCustomer) -> Response[SentView]:
    """End all sessions of the customer, this one included."""
    let_in(await context.bus.ask(EndSessions(customer_id=customer.id)))
    context.updates.publish_ended_sessions(await context.customers.end_all(customer.id))
    return sent(session_cookie(context, ""), status_code=200)


def _views(sessions: Sequence[Session], customer: CurrentCustomer) -> list[SessionView]:
    return [
        SessionView(
            id=each.id,
            device=each.device,
            network=each.network,
            method=each.method,
            since=each.since,
            seen=each.seen,
            expires_at=each.ends_at,
            current=each.id == customer.session.id,
        )
        for each in sessions
    ]


OWN = [list_sessions, end_session, end_sessions]
