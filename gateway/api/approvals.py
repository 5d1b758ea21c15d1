"""Refunds that wait for a second person."""

from typing import Annotated

from litestar import get, post
from litestar.params import PathParameter

from bus.messages.base import Instant
from bus.messages.order import CancelOrder, NotCancellable
from bus.messages.staff import NoSuchThing
from bus.messages.staff_acts import (
    AlreadyDecided,
    Approval,
    ApprovalKept,
    ApprovalKind,
    ApprovalState,
    DecideApproval,
    ListApprovals,
    OwnRequest,
)
from gateway.access import Member, Staff
from gateway.api.bodies import View
from gateway.api.lists import Limit, WholeListView
from gateway.context import GatewayContext, Injected
from gateway.problems import Problem, not_found

ApprovalId = Annotated[str, PathParameter(max_length=64)]


class ApprovalView(View, frozen=True, kw_only=True):
    """A refund that waits for a second person, or was decided about. `amount` is null for all that is left."""

    id: str
    order_id: str
    refund_id: str
    what: ApprovalKind
    amount: int | None
    reason: str
    by: str
    state: ApprovalState
    asked_at: Instant
    expires_at: Instant
    decided_by: str
    decided_at: Instant | None


class Approvals(WholeListView[ApprovalView], frozen=True, kw_only=True):
    """Refunds that wait, and then the latest that were decided about."""


@get("/approvals", summary="List refunds that wait for a second person")
async def list_approvals(context: Injected, limit: Limit = 20) -> Approvals:
    """List refunds that wait, and then the latest that were decided about."""
    found = await context.bus.ask(ListApprovals(limit=limit))
    return Approvals(items=[_view(each) for each in found.approvals])


@post(
    "/approvals/{approval_id:str}/approve",
    status_code=200,
    summary="Approve a refund",
    refuses=["not_found", "own_request", "already_decided", "not_cancellable"],
)
async def approve(context: Injected, staff: Member, approval_id: ApprovalId) -> ApprovalView:
    """Approve a refund, or a cancellation that refunds, which is then made.

    Whoever has asked for it can't, nor whoever they have invited or raised within 30 days, or who has them.
    """
    view = await _decide(context, staff, approval_id, is_approved=True)
    if view.what == "cancel":  # Repeating the approval repeats it, in case that this process ends here.
        by = f"{view.by}, {staff.id}"
        answer = await context.bus.ask(CancelOrder(order_id=view.order_id, reason="staff", by=by))
        if isinstance(answer, NotCancellable):
            raise Problem(409, "not_cancellable", "The order has gone on meanwhile.", order_status=answer.status)
    return view


@post(
    "/approvals/{approval_id:str}/refuse",
    status_code=200,
    summary="Refuse a refund",
    refuses=["not_found", "already_decided"],
)
async def refuse(context: Injected, staff: Member, approval_id: ApprovalId) -> ApprovalView:
    """Refuse a refund. Whoever has asked for it may take it back so."""
    return await _decide(context, staff, approval_id, is_approved=False)


async def _decide(context: GatewayContext, staff: Staff, approval_id: str, *, is_approved: bool) -> ApprovalView:
    answer = await context.bus.ask(DecideApproval(id=approval_id, is_approved=is_approved, by=staff.doer))
    match answer:
        case ApprovalKept():
            return _view(answer.approval)
        case OwnRequest():
            close = "One of you has invited or raised the other within 30 days, or somebody both of you. "
            detail = "Somebody else must approve what you have asked for."
            raise Problem(409, "own_request", f"{close}Somebody else must approve it." if answer.is_close else detail)
        case AlreadyDecided():
            raise Problem(409, "already_decided", "It was decided about, or has expired.", state=answer.approval.state)
        case NoSuchThing():
            raise not_found("approval")


def _view(approval: Approval) -> ApprovalView:
    return ApprovalView(
        id=approval.id,
        order_id=approval.order_id,
        refund_id=approval.refund_id,
        what=approval.what,
        amount=approval.amount,
        reason=approval.reason,
        by=approval.by,
        state=approval.state,
        asked_at=approval.asked_at,
        expires_at=approval.expires_at,
        decided_by=approval.decided_by,
        decided_at=approval.decided_at,
    )


STAFF = [list_approvals, approve, refuse]
