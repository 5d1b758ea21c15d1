"""The record of what staff do, and refunds that take a second pair of eyes."""

from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.audit import Findings
from bus.messages.base import OrderId, Value
from bus.messages.staff import Doer, NoSuchThing
from engine.message import Command, Query, Reply


class Act(Value, frozen=True, kw_only=True):
    """A deed of somebody, or what they asked for."""

    by: str
    key: str = ""  # The right that it took.
    what: str
    about: str = ""
    before: str = ""  # JSON; no personal data.
    after: str = ""
    address: str = ""
    request_id: str = ""


class RecordedAct(Value, frozen=True, kw_only=True):
    """An act, its place in the chain, and its link: a hash of it and the link before."""

    id: int
    at: datetime
    act: Act
    link: bytes


class RecordAct(Command[None]):
    """Add an act to the chain."""

    act: Act


class ActPage(Reply):
    """Acts, the newest first."""

    acts: tuple[RecordedAct, ...]
    next: int | None


class ListActs(Query[ActPage]):
    """List acts, the newest first."""

    limit: int
    before: int | None = None
    by: str = ""
    about: str = ""


class AuditActs(Query[Findings]):
    """Verify the chain of acts, from its first to its last link."""


# --- A second pair of eyes ---

ApprovalKind: TypeAlias = Literal["refund", "cancel"]
ApprovalState: TypeAlias = Literal["within", "waiting", "approved", "refused", "expired"]


class Approval(Value, frozen=True, kw_only=True):
    """A refund that waits for a second person, or has been decided about."""

    id: str
    order_id: OrderId
    refund_id: str
    amount: int | None  # Minor units; None: all that is left.
    reason: str
    by: str
    state: ApprovalState
    asked_at: datetime
    expires_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    what: ApprovalKind = "refund"


class ApprovalKept(Reply):
    """The approval as it is now."""

    approval: Approval


class OwnRequest(Reply):
    """A refusal: whoever has asked for it can't approve it, nor who is too close to count as a second person."""

    is_close: bool = False  # One has invited or raised the other lately, or somebody both of them.


class AlreadyDecided(Reply):
    """A refusal: it was decided about, or has expired."""

    approval: Approval


class AskApproval(Command[ApprovalKept]):
    """Ask whether a person may refund so much, with what was refunded of the order through here before.

    If not, the refund is kept until a second person approves it. Repeating it with one id changes nothing.
    """

    id: str
    order_id: OrderId
    refund_id: str
    amount: int | None
    worth: int  # At most that much, in minor units.
    limit: int  # What one person may refund of an order, if the role says nothing; 0: all.
    reason: str
    by: Doer
    what: ApprovalKind = "refund"


class DecideApproval(Command[ApprovalKept | OwnRequest | AlreadyDecided | NoSuchThing]):
    """Approve a refund, which is then made, or refuse it."""

    id: str
    is_approved: bool
    by: Doer


class ApprovalList(Reply):
    """Approvals, the newest first."""

    approvals: tuple[Approval, ...]


class ListApprovals(Query[ApprovalList]):
    """List those that wait, and the latest that were decided about."""

    limit: int
