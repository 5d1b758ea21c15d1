"""Remedies in the words of the edge: each with its request, and a sentence around it.

The auditor names an action and its target. Only this table knows the route of an action.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from bus.messages.audit import Action, Remedy

_EMPTY: Final = "{}"


class Request(NamedTuple):
    """A request of the staff's API."""

    method: str
    path: str
    body: str = ""  # JSON, with gaps for a person to fill in; "" for none.

    def __str__(self) -> str:
        """Write the request as a person types it, without an empty body."""
        return " ".join(part for part in self if part not in ("", _EMPTY))


_COUNTED: Final = '{"on_hand": <what is there>, "recount": true}'
_CANCEL: Final = Request("POST", "/orders/{target}/cancel")
_REDRIVE: Final = Request("POST", "/admin/api/dead-letters/{target}/redrive")
_REFUND: Final = Request("POST", "/admin/api/orders/{target}/refunds", _EMPTY)  # All that is left.
_SETTLE: Final = Request("POST", "/admin/api/stuck-money/{target}/settle")

# Actions that are not here are done at Stripe, at the carrier or at the shelf.
REQUEST_FOR: Final[Mapping[Action, Request]] = {
    "repair": Request("POST", "/admin/api/audit/repair"),
    "redrive": _REDRIVE,
    "cancel_order": _CANCEL,
    "cancel_or_collect": _CANCEL,
    "count_or_cancel": _CANCEL,
    "count_or_redrive": Request("PUT", "/admin/api/stock/{{sku}}"),  # For each SKU whose units the order keeps.
    "count_shelf": Request("PUT", "/admin/api/stock/{target}", _COUNTED),
    "refund": _REFUND,
    "refund_again": _REFUND,
    "ask_stripe": Request("POST", "/admin/api/orders/{target}/look-at-stripe"),
    "return_at_stripe": _SETTLE,
    "answer_bank": _SETTLE,
    "judge_warning": _SETTLE,
    "help_parcel": _SETTLE,
    "open_pick_list": Request("POST", "/admin/api/pick-lists/{target}/open"),
    "choose_categories": Request("PATCH", "/admin/api/products/{target}"),
    "set_category": Request("PUT", "/admin/api/categories/{target}"),
    "host_actor": Request("GET", "/admin/api/dead-letters"),
}

_IF_PARKED: Final = "redrive the dead letter about it, if there is one; else "
# Of a finding, for readers of the audit.
_ADVICE: Final[Mapping[Action, str]] = {
    "repair": "{request}",
    "redrive": "{request}: {detail}",
    "redrive_or_count": _IF_PARKED + "count the shelf",
    "redrive_or_take_step": _IF_PARKED + "check the parcel, and take its next step",
    "redrive_or_book": _IF_PARKED + "book the carrier by hand",
    "cancel_order": "{request} as staff; the buyer orders again",
    "cancel_or_collect": "{request} as staff, if it is not packed; else collect the money from its buyer",
    "count_or_cancel": "count the shelf; or {request} as staff; the buyer orders again",
    "count_or_redrive": "count the shelf, then {request}; if a dead letter is about the order, redrive it instead",
    "count_shelf": "count the shelf, then {request}",
    "cancel_until_it_fits": "more units are promised than there are: cancel orders until they suffice, then repair",
    "refund": "refund it: {request}",
    "refund_again": "refund it: {request}",
    "ask_stripe": "{request}",
    "compare_at_stripe": "compare with the payment at Stripe",
    "find_at_stripe": "compare with the payment at Stripe, whose metadata name the order",
    "return_excess_at_stripe": "compare with the payment at Stripe, and refund the excess there",
    "return_at_stripe": "{step}: {request}",
    "answer_bank": "{step}: {request}",
    "judge_warning": "{step}: {request}",
    "help_parcel": "{step}: {request}",
    "open_pick_list": "{request}",
    "wait_for_sealing": "orders of an earlier version are sealed while the shop works; if it stays, read the log",
    "restore_box": "the row was altered: bring it back from a backup",
    "restore_receipts": "a receipt was changed or deleted: compare with a backup, and find out by whom",
    "forget_again": "it is tried again every ten minutes; if it stays, read the log",
    "pick_as_ordered": "pick the lines of the order",
    "stop_parcel": "stop the parcel at the carrier",
    "stop_other_parcels": "stop all parcels but one at the carrier",
    "ask_carrier": "ask the carrier where the parcel is",
    "restore_order": "restore it from a backup; find out who deleted it",
    "restore_acts": "compare with a backup; find out who has changed the table: no part of the shop does",
    "restore_or_return_money": (
        "find out who deleted the order; restore it from a backup, or refund its money at Stripe"
    ),
    "choose_categories": "set its categories to such as are there: {request}",
    "set_category": "{request}, with what it has: its path is made anew, and those below it",
    "read_timeline": "a sent mail can't be recalled; look for a repeated event in the order's timeline",
    "host_actor": (
        "make sure that a shop hosts {target}, and that the services it needs answer (see the log): "
        "the messages are then handled by themselves. {request} lists those that can't be handled"
    ),
    "reconnect_watchers": (
        "make sure that Redis answers; watched levels are read again every 10 s. Else restart this process"
    ),
    "see_to_others_first": "resolve these first",
}
_NEW_KEY: Final = " (with a new Idempotency-Key)"
# Of a stuck item, which is shown beside its request.
_STEP: Final[Mapping[Action, str]] = {
    "redrive": "when its cause is fixed, redrive it",
    "refund": f"refund what is left of it{_NEW_KEY}",
    "refund_again": f"refund it again{_NEW_KEY}; or resolve it elsewhere, and settle this item",
    "ask_stripe": "reconcile it with Stripe",
    "return_at_stripe": "check {detail} at Stripe, and refund the money there; then settle this item",
    "answer_bank": "answer the bank at Stripe ({detail}), and stop the parcel if possible; then settle this item",
    "judge_warning": "check {detail} and its order; refund the money, or settle this item if the warning is unfounded",
    "help_parcel": (
        "ask the carrier about {detail}, and write to the buyer; send the goods again, or refund them; "
        "then settle this item"
    ),
    "open_pick_list": "open its pick list, so that the warehouse begins",
}


def request_of(remedy: Remedy) -> Request | None:
    """Return the request that applies a remedy, or a part of it; None if it is applied elsewhere."""
    known = REQUEST_FOR.get(remedy.action)
    if known is None:
        return None
    has_amount = known is _REFUND and remedy.amount is not None
    body = msgspec.json.encode({"amount": remedy.amount}).decode() if has_amount else known.body
    return Request(known.method, known.path.format(target=remedy.target), body)


def advice(remedy: Remedy, command: str = "") -> str:
    """Write a finding's remedy as a sentence.

    Args:
        remedy: Of the finding.
        command: A command that does the same as the request; "" if there is none.
    """
    ways = [str(way) for way in (request_of(remedy), command) if way]
    return _ADVICE[remedy.action].format(
        request=", or ".join(ways), step=step(remedy), target=remedy.target, detail=remedy.detail
    )


def step(remedy: Remedy) -> str:
    """Write the remedy of a stuck item as a sentence, without its request; "" for actions that no item has."""
    return _STEP.get(remedy.action, "").format(detail=remedy.detail)
