"""The life of a pick list, as a table. Pure. Who has one in hand: docs/decisions/0061."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.base import OrderId
from bus.messages.warehouse import IN_HAND, ParcelPacked, ParcelReady, PickingStarted, PickListStatus
from engine.message import Event

Step: TypeAlias = Literal["release", "pick", "pack", "ship", "cancel", "revive"]

NEXT: Mapping[tuple[PickListStatus, Step], PickListStatus] = {
    ("waiting", "release"): "open",
    ("waiting", "cancel"): "cancelled",
    ("open", "pick"): "picked",
    ("open", "cancel"): "cancelled",
    ("picked", "pack"): "packed",
    ("picked", "cancel"): "cancelled",
    ("packed", "ship"): "shipped",
    ("packed", "cancel"): "cancelled",  # Until the order confirms the parcel: a cancellation may cross with it.
    ("shipped", "cancel"): "cancelled",  # Likewise: the parcel waits for the confirmation, and no carrier was called.
    ("cancelled", "revive"): "open",
}
_DONE_BY: Mapping[Step, PickListStatus] = {"release": "open", "pick": "picked", "pack": "packed", "ship": "shipped"}


@dataclass(slots=True)
class PickListState:
    """A pick list as a turn has locked it, with the turn's changes."""

    id: OrderId
    status: PickListStatus
    confirmed: bool
    weight_g: int
    order_id: OrderId
    doubts: list[str]
    picker: str = ""
    picker_since: datetime | None = None
    events: list[Event] = field(default_factory=list)


def take(state: PickListState, step: Step) -> bool:
    """Take a step; False if the table has no such row. Repeating the last step is fine, and does nothing."""
    following = NEXT.get((state.status, step))
    if following is None or (step == "cancel" and state.confirmed):
        return _DONE_BY.get(step) == state.status
    state.status = following
    if step == "pick":
        state.events.append(PickingStarted(order_id=state.order_id))
    if step == "pack":
        state.events.append(ParcelPacked(order_id=state.order_id, parcel_id=_further(state)))
    if step == "ship" and state.confirmed:
        state.events.append(_ready(state))
    return True


def is_others(state: PickListState, by: str, now: datetime) -> bool:
    """Whether somebody else has the list in hand."""
    return state.picker not in ("", by) and state.picker_since is not None and now - state.picker_since < IN_HAND


def take_in_hand(state: PickListState, by: str, now: datetime, *, take_over: bool = False) -> bool:
    """Give the list to a member of staff; False if it is not to be picked or packed, or is somebody else's."""
    if state.status not in ("open", "picked") or (is_others(state, by, now) and not take_over):
        return False
    state.picker, state.picker_since = by, now
    return True


def put_aside(state: PickListState, by: str) -> None:
    """Take the list out of the hands of a member of staff, if they have it."""
    if state.picker == by:
        state.picker, state.picker_since = "", None


def is_doubtful(state: PickListState, step: Step, *, despite_doubt: bool) -> bool:
    """Whether a person should check the order's money before this step. `despite_doubt`: it was checked."""
    if step not in ("pack", "ship") or (state.status, step) not in NEXT:
        return False
    if despite_doubt:
        state.doubts = []
    return bool(state.doubts)


def doubt(state: PickListState, reason: str) -> None:
    """Add a reason why the order's money may not stay here."""
    if reason not in state.doubts:
        state.doubts = [*state.doubts, reason]


def trust(state: PickListState, reason: str) -> None:
    """Remove a reason for doubt."""
    state.doubts = [known for known in state.doubts if known != reason]


def confirm(state: PickListState) -> None:
    """Record the order's confirmation that it is packed; a parcel that is shipped already has waited for it."""
    if state.confirmed or state.status not in ("packed", "shipped"):
        return
    state.confirmed = True
    if state.status == "shipped":
        state.events.append(_ready(state))


def _ready(state: PickListState) -> ParcelReady:
    return ParcelReady(order_id=state.order_id, weight_g=state.weight_g, parcel_id=_further(state))


def _further(state: PickListState) -> str:
    """The id of a further parcel; empty for its order's first."""
    return "" if state.id == state.order_id else state.id
