"""The audit: inconsistencies, repairs, and problems that wait for a person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, Self, TypeAlias

from bus.messages.base import Minor, Money, OrderId, Value
from engine.message import Command, Event, Query, Reply

StuckKind: TypeAlias = Literal[
    "money_not_back",
    "refund_failed",
    "refund_pending",
    "capture_refused",
    "intent_open",
    "not_picked",
    "dead_letter",
    "dispute_open",
    "fraud_warning",
    "processing_long",
    "parcel_in_trouble",
]

CheckId: TypeAlias = Literal[
    "order_exists",
    "answered_orders_exist",
    "asked_equals_total",
    "captured_equals_total",
    "captured_equals_amount",
    "one_capture",
    "assigned_equals_holds",
    "assigned_equals_ledger",
    "held_equals_holds",
    "held_equals_ledger",
    "on_hand_equals_ledger",
    "never_oversold",
    "paid_is_sold",
    "shipped_has_left",
    "unpaid_is_not_sold",
    "cancelled_keeps_nothing",
    "pick_list_follows_order",
    "pick_list_equals_lines",
    "one_shipment",
    "shipment_of_shipped",
    "shipped_has_shipment",
    "ready_is_booked",
    "one_mail_for_each_event",
    "captured_is_paid",
    "cancelled_goes_back",
    "delivered_is_paid",
    "waits_for_its_bank",
    "nothing_is_overdue",
    "subtotal_equals_lines",
    "total_equals_parts",
    "nothing_refunded_unpaid",
    "refunds_equal_rows",
    "refunds_equal_stripes",
    "objections_equal_stripes",
    "refunded_agrees",
    "readers_know_level",
    "watchers_know_level",
    "object_has_image",
    "image_has_objects",
    "use_is_known",
    "product_is_indexed",
    "indexed_is_on_sale",
    "category_is_there",
    "path_follows_tree",
    "view_is_product",
    "view_is_late_enough",
    "acts_are_a_chain",
    "nothing_in_clear",
    "boxes_open",
    "receipts_fit",
    "forgotten_is_gone",
    "more_findings",
]
# The promise behind each check, in words for the audit's readers.
RULES: Final[Mapping[CheckId, str]] = {
    "order_exists": "I1 its order exists",
    "answered_orders_exist": "I1 answered orders exist",
    "asked_equals_total": "I2 asked = total",
    "captured_equals_total": "I2 captured = total",
    "captured_equals_amount": "I2 captured = amount",
    "one_capture": "I2 one capture",
    "assigned_equals_holds": "I3 assigned = sold holds",
    "assigned_equals_ledger": "I3 assigned = ledger",
    "held_equals_holds": "I3 held = live holds",
    "held_equals_ledger": "I3 held = ledger",
    "on_hand_equals_ledger": "I3 on hand = ledger",
    "never_oversold": "I3 never oversold",
    "paid_is_sold": "I4 what is paid is sold, no more",
    "shipped_has_left": "I4 what is shipped has left the shelf, no more",
    "unpaid_is_not_sold": "I4 what is not paid is not sold",
    "cancelled_keeps_nothing": "I4 what is cancelled keeps nothing",
    "pick_list_follows_order": "I4 pick list follows its order",
    "pick_list_equals_lines": "I4 pick list = lines",
    "one_shipment": "I4 at most one shipment",
    "shipment_of_shipped": "I4 a shipment is of an order that is shipped",
    "shipped_has_shipment": "I4 what is shipped has its shipment",
    "ready_is_booked": "I4 a parcel that is ready is booked",
    "one_mail_for_each_event": "I5 a mail for each event",
    "captured_is_paid": "I6 captured for an order that is paid",
    "cancelled_goes_back": "I6 captured for a cancelled order goes back",
    "delivered_is_paid": "I6 what is delivered is paid",
    "waits_for_its_bank": "I6 an order waits while its bank decides",
    "nothing_is_overdue": "I7 nothing is overdue",
    "subtotal_equals_lines": "I8 subtotal = lines",
    "total_equals_parts": "I8 total = its parts",
    "nothing_refunded_unpaid": "I8 nothing refunded unpaid",
    "refunds_equal_rows": "I8 refunds = rows",
    "refunds_equal_stripes": "I8 refunds = Stripe's",
    "objections_equal_stripes": "I8 disputes = Stripe's",
    "refunded_agrees": "I8 refunded",
    "readers_know_level": "I9 level",
    "watchers_know_level": "I9 watchers know the stock",
    "object_has_image": "M1 an object has its picture",
    "image_has_objects": "M2 a picture has its objects",
    "use_is_known": "M3 a picture knows whether it is used",
    "product_is_indexed": "S1 what is on sale can be found, as it is now",
    "indexed_is_on_sale": "S2 what can be found is on sale",
    "category_is_there": "C1 a product's categories are there",
    "path_follows_tree": "C2 a category's path follows the tree",
    "view_is_product": "V1 a view has its product as it is",
    "view_is_late_enough": "V2 a view is as late as the last change of what it shows",
    "acts_are_a_chain": "A1 acts of staff are a whole chain",
    "nothing_in_clear": "K1 what names a person is sealed",
    "boxes_open": "K2 what is sealed opens, as long as its key is there",
    "receipts_fit": "K3 each receipt of an erasure fits the one before",
    "forgotten_is_gone": "K4 of whoever was forgotten nothing can be read",
    "more_findings": "many",
}

# Remedies that a person or the audit itself can apply. Only rooms above the bus know the requests and commands.
Action: TypeAlias = Literal[
    "repair",  # Safe: the domain that owns the counter sets it. A finding has this remedy only if that domain can.
    "redrive",
    "redrive_or_count",
    "redrive_or_take_step",
    "redrive_or_book",
    "cancel_order",
    "cancel_or_collect",
    "count_or_cancel",
    "count_or_redrive",
    "count_shelf",
    "cancel_until_it_fits",
    "refund",
    "refund_again",
    "ask_stripe",
    "compare_at_stripe",
    "find_at_stripe",
    "return_excess_at_stripe",
    "return_at_stripe",
    "answer_bank",
    "judge_warning",
    "help_parcel",
    "open_pick_list",
    "pick_as_ordered",
    "stop_parcel",
    "stop_other_parcels",
    "ask_carrier",
    "restore_order",
    "restore_acts",
    "restore_or_return_money",
    "choose_categories",
    "set_category",
    "read_timeline",
    "host_actor",
    "reconnect_watchers",
    "wait_for_sealing",
    "restore_box",
    "restore_receipts",
    "forget_again",
    "see_to_others_first",
]


class Remedy(Value, frozen=True, kw_only=True):
    """An action, and its target."""

    action: Action
    target: str = ""  # The order, SKU, dead letter, actor or stuck item to act on.
    detail: str = ""  # Details for a reader: the payment intent, or which message is parked.
    amount: Minor | None = None  # To refund; None for all that is left.


class Finding(Value, frozen=True, kw_only=True):
    """An inconsistency that an audit found."""

    check: CheckId  # The broken promise.
    about: str  # The SKU, order or payment.
    detail: str
    remedy: Remedy

    @property
    def rule(self) -> str:
        """The broken promise in words."""
        return RULES[self.check]


class Findings(Reply):
    """The inconsistencies of a domain's own books; none if all is well."""

    findings: tuple[Finding, ...]
    checked: int


class Part(Value, frozen=True, kw_only=True):
    """The number of checked items of one kind."""

    name: str
    checked: int


class Audited(Reply):
    """The numbers of checked items, and the inconsistencies; none if all is well."""

    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]  # At most 1,000.


class Audit(Query[Audited]):
    """Recompute everything, within and across domains. Work in flight is not judged."""


class RepairMade(Value, frozen=True, kw_only=True):
    """A counter that was set to its recomputed value."""

    rule: str
    about: str  # The SKU or the order.
    before: str
    after: str


class Repairs(Reply):
    """The repairs that were made; none if nothing was wrong, or nothing that is safe to repair."""

    repairs: tuple[RepairMade, ...]


class Repair(Command[Repairs]):
    """Repair every counter that is safe to repair: the domain that owns it reads and decides again."""


class BooksRepaired(Event):
    """A domain has repaired one of its counters."""

    about: str
    rule: str
    before: str
    after: str
    at: datetime

    @classmethod
    def of(cls, made: RepairMade, at: datetime) -> Self:
        """Make the event of a repair."""
        return cls(about=made.about, rule=made.rule, before=made.before, after=made.after, at=at)


class StuckItem(Value, frozen=True, kw_only=True):
    """Money or an order that waits for a person."""

    id: str
    kind: StuckKind
    order_id: OrderId | None
    amount: Money | None
    since: datetime
    age_s: int
    detail: str
    remedy: Remedy


class StuckPage(Reply):
    """Stuck items, the oldest first, and the cursor of the next page."""

    items: tuple[StuckItem, ...]
    next: str | None


class ListStuck(Query[StuckPage]):
    """List money and orders that wait for a person."""

    limit: int = 20  # 1 to 100.
    after: str = ""


class SettleStuck(Command[bool]):
    """Take an item off the list, because a person has settled it elsewhere. False if the list never had it."""

    item_id: str
    by: str = ""  # Who of the staff has settled it.


class AnsweredOrders(Reply):
    """Orders that buyers were answered with, and the cursor of the next page."""

    orders: tuple[OrderId, ...]
    next: str | None


class ListAnswered(Query[AnsweredOrders]):
    """List the orders in kept answers (answers are kept for 48 hours)."""

    after: str = ""
    limit: int = 500
