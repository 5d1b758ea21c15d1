"""The state of this process: dead letters, and its actors."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromQuery, PathParameter, QueryParameter

from bus.messages.base import Instant
from gateway.api.bodies import JsonObject, View
from gateway.api.lists import Limit, ListView, WholeListView
from gateway.context import Injected
from gateway.problems import not_found

_LAST_ID = 2**63 - 1
LetterId = Annotated[int, QueryParameter(ge=0, le=_LAST_ID)]


class DeadLetterView(View, frozen=True, kw_only=True):
    """A message that could not be handled."""

    id: str
    actor: str
    type: str
    key: str
    message: JsonObject
    attempts: int
    error: str
    parked_at: Instant


class DeadLetters(ListView[DeadLetterView], frozen=True, kw_only=True):
    """Messages that could not be handled, the oldest first."""


class Redriven(View, frozen=True, kw_only=True):
    """The number of messages that are redriven."""

    redriven: int


class ActorView(View, frozen=True, kw_only=True):
    """An actor of this process."""

    name: str
    mailbox: int  # Messages that wait or are being handled.
    turns: int  # Taken since the start.
    oldest_wait_s: float


class Actors(WholeListView[ActorView], frozen=True, kw_only=True):
    """The actors of this process."""


@get("/dead-letters", summary="List dead letters")
async def dead_letters(
    context: Injected,
    actor: FromQuery[str] = "",
    kind: Annotated[str, QueryParameter(name="type")] = "",
    limit: Limit = 20,
    cursor: LetterId = 0,
) -> DeadLetters:
    """List messages that could not be handled, the oldest first; with `actor` or `type` those alone."""
    letters = await context.backlog.dead_letters(cursor, limit + 1, subscriber=actor, type_name=kind)
    items = [
        DeadLetterView(
            id=str(letter.id),
            actor=letter.subscriber,
            type=letter.type,
            key=letter.key,
            message=msgspec.Raw(letter.body.encode()),
            attempts=letter.attempts,
            error=letter.error,
            parked_at=letter.parked_at,
        )
        for letter in letters[:limit]
    ]
    return DeadLetters(items=items, next=items[-1].id if len(letters) > limit else None)


@post("/dead-letters/{letter_id:int}/redrive", status_code=200, summary="Redrive a dead letter", refuses=["not_found"])
async def redrive(context: Injected, letter_id: Annotated[int, PathParameter(le=_LAST_ID)]) -> Redriven:
    """Retry a message that could not be handled, as if it were new."""
    redriven = await context.deliveries.redrive([letter_id])
    if not redriven:
        raise not_found("dead letter")
    return Redriven(redriven=redriven)


@get("/actors", summary="List actors")
async def actors(context: Injected) -> Actors:
    """List the actors of this process: the size of each mailbox, and how long its oldest message has waited."""
    items = [
        ActorView(
            name=name,
            mailbox=cell.mailbox.size,
            turns=cell.turns.taken,
            oldest_wait_s=round(cell.mailbox.oldest_wait_s(), 6),
        )
        for name, cell in sorted(context.cells.items())
    ]
    return Actors(items=items)


STAFF = [dead_letters, redrive, actors]
