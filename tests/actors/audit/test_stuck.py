"""What waits for a person, and how five sources become one list."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from actors.audit.stuck_rules import (
    SOURCES,
    Row,
    Source,
    leave_out,
    merge,
    of_letter,
    of_order,
    of_parcel,
    of_payment,
    of_pick_list,
    start,
    take,
)
from bus.messages.audit import Action, Remedy, StuckItem, StuckKind
from bus.messages.base import Money
from bus.messages.order import KnownOrder, OrderStatus, OwedOrder
from bus.messages.payment import PaymentFact, StuckPayment
from bus.messages.shipping import TroubledParcel
from bus.messages.warehouse import PickListFact

ORDER, NOON = "ord_1", datetime(2030, 1, 7, 12, tzinfo=UTC)
NOW = NOON + timedelta(minutes=5)
EUROS = Money(amount=300, currency="EUR")
KNOWN = KnownOrder(id=ORDER, status="paid", total=EUROS)
OWED = OwedOrder(order_id=ORDER, since=NOON)
PAID = PaymentFact(order_id=ORDER, currency="EUR", amount=500, received=500, refunding=200, refunded=200, refunds=1)
PICK_LIST = PickListFact(id=ORDER, status="waiting", confirmed=False, units=(), created_at=NOON)
FAILED = StuckPayment(
    id="re_1", kind="refund_failed", order_id=ORDER, intent_id="pi_1", amount=EUROS, since=NOON, detail="it came back"
)


@dataclass(frozen=True)
class Letter:
    id: int = 7
    subscriber: str = "email"
    type: str = "OrderCreated"
    error: str = "it broke"
    parked_at: datetime = NOON


def row(minute: int, source: Source, id_: str, item: StuckItem | None = None) -> Row:
    return Row(NOON + timedelta(minutes=minute), source, id_, item)


def item(name: str, order_id: str | None = ORDER) -> StuckItem:
    return StuckItem(
        id=name, kind="not_picked", order_id=order_id, amount=None, since=NOON, age_s=0, detail="",
        remedy=Remedy(action="open_pick_list"),
    )  # fmt: skip


def test_an_item_says_what_it_is_of_how_old_it_is_and_what_helps() -> None:
    assert of_letter(Letter(), KNOWN, NOW) == StuckItem(
        id="dead_letter:7", kind="dead_letter", order_id=ORDER, amount=None, since=NOON, age_s=300,
        detail="email could not handle OrderCreated: it broke", remedy=Remedy(action="redrive", target="7"),
    )  # fmt: skip


def test_a_dead_letter_about_no_order_is_not_listed() -> None:
    assert of_letter(Letter(), None, NOW) is None


def test_money_of_a_cancelled_order_that_is_not_on_its_way_back_is_refunded() -> None:
    found = of_order(OWED, [PAID, replace(PAID, purpose="change:1", refunding=0, withdrawn=400)], NOW, is_moving=False)

    assert found
    assert (found.amount, found.remedy) == (Money(amount=400, currency="EUR"), Remedy(action="refund", target=ORDER))


@pytest.mark.parametrize(
    ("payments", "is_moving"),
    [([], False), ([replace(PAID, refunding=500)], False), ([replace(PAID, withdrawn=300)], False), ([PAID], True)],
)
def test_an_order_that_owes_nothing_or_is_in_motion_is_not_listed(
    payments: list[PaymentFact], *, is_moving: bool
) -> None:
    assert of_order(OWED, payments, NOW, is_moving=is_moving) is None


@pytest.mark.parametrize(
    ("kind", "action", "target"),
    [
        ("capture_refused", "return_at_stripe", "capture_refused:re_1"),
        ("dispute_open", "answer_bank", "dispute_open:re_1"),
        ("fraud_warning", "judge_warning", "fraud_warning:re_1"),
        ("refund_failed", "refund_again", ORDER),
        ("refund_pending", "ask_stripe", ORDER),
        ("intent_open", "ask_stripe", ORDER),
        ("processing_long", "ask_stripe", ORDER),
    ],
)
def test_each_kind_of_stuck_payment_has_its_remedy(kind: StuckKind, action: Action, target: str) -> None:
    found = of_payment(replace(FAILED, kind=kind), KNOWN, NOW)

    assert found
    assert (found.id, found.remedy.action, found.remedy.target) == (f"{kind}:re_1", action, target)
    assert found.remedy.amount == (300 if kind == "refund_failed" else None)
    assert found.detail == "it came back (pi_1)"


@pytest.mark.parametrize(("kind", "is_listed"), [("refund_failed", False), ("dispute_open", True)])
def test_a_failed_refund_of_a_cancelled_order_is_an_item_of_the_order_alone(
    kind: StuckKind, *, is_listed: bool
) -> None:
    cancelled = replace(KNOWN, status="cancelled")

    assert (of_payment(replace(FAILED, kind=kind), cancelled, NOW) is not None) == is_listed


@pytest.mark.parametrize(("status", "is_listed"), [("paid", True), ("pending_payment", False), ("cancelled", False)])
def test_only_a_paid_orders_pick_list_is_opened_by_hand(status: OrderStatus, *, is_listed: bool) -> None:
    found = of_pick_list(PICK_LIST, replace(KNOWN, status=status), NOW)

    assert (found.remedy if found else None) == (Remedy(action="open_pick_list", target=ORDER) if is_listed else None)
    assert of_pick_list(PICK_LIST, None, NOW) is None


def test_a_parcel_in_trouble_names_its_carrier_and_its_last_report() -> None:
    parcel = TroubledParcel(
        parcel_id="ord_1", order_id=ORDER, carrier="dhl", tracking_number="00 1", status="lost", detail="", since=NOON
    )
    found = of_parcel(parcel, NOW)

    name = f"parcel_in_trouble:ord_1-{int(NOON.timestamp())}"
    assert (found.id, found.remedy.target, found.remedy.action) == (name, name, "help_parcel")
    assert found.detail == "parcel 00 1 (dhl): lost"
    assert of_parcel(replace(parcel, detail="At sea"), NOW).detail == "parcel 00 1 (dhl): lost: At sea"
    assert of_parcel(replace(parcel, since=NOW), NOW).id != name


def test_a_source_goes_on_after_the_last_row_of_the_page_before() -> None:
    later = NOON + timedelta(microseconds=1)

    starts = [start((NOON, "orders", "ord_7"), source) for source in SOURCES]

    assert starts == [(later, ""), (NOON, "ord_7"), (NOON, ""), (NOON, ""), (NOON, "")]


def test_sources_are_merged_by_age_as_far_as_all_of_them_are_known() -> None:
    letters, orders = [row(1, "letters", "1"), row(4, "letters", "2")], [row(2, "orders", "a")]

    assert merge([letters, orders], 3) == ([letters[0], orders[0], letters[1]], True)
    assert merge([letters, [*orders, row(3, "orders", "b")]], 2) == (
        [letters[0], orders[0], row(3, "orders", "b")], False,
    )  # fmt: skip


def test_what_is_settled_or_waits_for_a_dead_letter_is_skipped_but_not_the_letter_itself() -> None:
    rows = [
        row(1, "letters", "1", item("letter")), row(2, "orders", "a", item("parked")),
        row(3, "payments", "b", item("settled", None)), row(4, "payments", "c", item("left", "ord_2")),
        row(5, "payments", "d"),
    ]  # fmt: skip

    left = leave_out(rows, {"settled"}, {ORDER})

    assert [one.item.id if one.item else None for one in left] == ["letter", None, None, "left", None]


def test_a_page_ends_before_the_item_that_does_not_fit() -> None:
    rows = [row(1, "letters", "1", item("x")), row(2, "orders", "a"), row(3, "orders", "b", item("y"))]

    full, whole = take(rows, 1, (NOON, "", "")), take(rows, 2, (NOON, "", ""))

    assert ([one.id for one in full.items], full.at[1:], full.is_more) == (["x"], ("orders", "a"), True)
    assert ([one.id for one in whole.items], whole.at[1:], whole.is_more) == (["x", "y"], ("orders", "b"), False)
