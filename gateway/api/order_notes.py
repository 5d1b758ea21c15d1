"""Notes of staff about orders."""

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, PathParameter

from bus.messages.base import Instant, new_id
from bus.messages.order import NoSuchOrder
from bus.messages.order_desk import (
    LONGEST_NOTE,
    AddNote,
    DeleteNote,
    ListNotes,
    NoSuchNote,
    Note,
    NoteKept,
    NoteOfAnother,
    NoteRefused,
)
from bus.messages.texts import is_blank
from gateway.access import Member
from gateway.api.bodies import Body, Strict, View
from gateway.api.lists import WholeListView
from gateway.api.order import read_order
from gateway.context import Http, Injected
from gateway.idempotency import claim_of
from gateway.problems import Problem, not_found

NoteId = Annotated[str, PathParameter(max_length=128)]


class NoteView(View, frozen=True, kw_only=True):
    """A note about an order, for staff alone."""

    id: str
    at: Instant
    by: str  # The label and id of a token, or the id of a person.
    own: bool  # Whoever asks has written it, and may delete it.
    text: str


class NoteList(WholeListView[NoteView], frozen=True, kw_only=True):
    """The notes about an order, the oldest first."""


class NoteBody(Body, frozen=True, kw_only=True):
    """A note to write."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NOTE)]


@get("/orders/{order_id:str}/notes", summary="List the notes about an order", refuses=["not_found"])
async def list_notes(context: Injected, staff: Member, order_id: FromPath[str]) -> NoteList:
    """List what staff have noted about an order. Buyers never see it; it goes when the buyer is forgotten."""
    await read_order(context, order_id)
    answer = await context.bus.ask(ListNotes(order_id=order_id))
    return NoteList(items=[_view(note, note.by == str(staff)) for note in answer.notes])


@post(
    "/orders/{order_id:str}/notes",
    dto=Strict[NoteBody],
    return_dto=None,
    summary="Note something about an order",
    refuses=["not_found", "too_many_notes", "gone"],
)
async def add_note(
    context: Injected, request: Http, staff: Member, order_id: FromPath[str], data: JSONBody[NoteBody]
) -> NoteView:
    """Note something about an order. With an `Idempotency-Key` a repeat writes no second note."""
    if is_blank(data.text):
        raise Problem(422, "invalid", "There is nothing to note.", field="text")
    claim = claim_of(request)
    ask = AddNote(
        order_id=order_id,
        note_id=f"note_{claim.token}" if claim else new_id("note"),
        text=data.text,
        by=str(staff),
        by_id=staff.id,
    )
    answer = await context.bus.ask(ask)
    match answer:
        case NoteKept():
            return _view(answer.note, is_own=True)
        case NoteRefused(why="too_many"):
            raise Problem(409, "too_many_notes", "Delete one of yours, or go on in another way.")
        case NoteRefused():
            raise Problem(410, "gone", "The buyer of this order is forgotten: nothing is noted about it any more.")
        case NoSuchOrder():
            raise not_found("order")


@delete("/orders/{order_id:str}/notes/{note_id:str}", summary="Delete an own note", refuses=["not_found", "not_own"])
async def delete_note(context: Injected, staff: Member, order_id: FromPath[str], note_id: NoteId) -> None:
    """Delete a note. Only who has written it may."""
    match await context.bus.ask(DeleteNote(order_id=order_id, note_id=note_id, by_id=staff.id)):
        case NoSuchNote():
            raise not_found("note")
        case NoteOfAnother():
            raise Problem(403, "not_own", "Only who has written a note deletes it.")


def _view(note: Note, is_own: bool) -> NoteView:
    return NoteView(id=note.id, at=note.at, by=note.by, own=is_own, text=note.text)


STAFF = [list_notes, add_note, delete_note]
