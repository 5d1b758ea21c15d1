"""What must be true of an order across the domains."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace as changed

from actors.audit.case import cases
from actors.audit.checks import ASKS, JUDGED, judge
from bus.messages.audit import Finding
from bus.messages.base import Fact, Money, Units
from bus.messages.email import MailFact
from bus.messages.inventory import HoldFact
from bus.messages.order import OrderFact, OrderStatus
from bus.messages.payment import PaymentFact
from bus.messages.shipping import ShipmentFact
from bus.messages.warehouse import PickListFact, PickListStatus

ORDER, TOTAL, NOON = "ord_1", 5000, datetime(2030, 1, 7, 12, tzinfo=UTC)
UNITS = (Units(sku="LAMP", quantity=1), Units(sku="MUG", quantity=2))


@dataclass(frozen=True)
class Known:
    """What the domains say of the order."""

    order: OrderFact | None = None
    payments: Sequence[PaymentFact] = ()
    holds: Sequence[HoldFact] = ()
    pick_lists: Sequence[PickListFact] = ()
    shipments: Sequence[ShipmentFact] = ()
    mails: Sequence[MailFact] = ()

    @property
    def facts(self) -> list[Fact]:
        own = [self.order] if self.order else []
        return [*own, *self.payments, *self.holds, *self.pick_lists, *self.shipments, *self.mails]


def findings_of(known: Known) -> list[Finding]:
    return judge(known.facts)


def holds(stage: str) -> list[HoldFact]:
    return [HoldFact(order_id=ORDER, sku=units.sku, quantity=units.quantity, stage=stage) for units in UNITS]


def payment(received: int = TOTAL, refunding: int = 0, refunded: int = 0, refunds: int = 0) -> PaymentFact:
    return PaymentFact(
        order_id=ORDER, currency="EUR", amount=TOTAL, received=received, refunding=refunding, refunded=refunded,
        refunds=refunds,
    )  # fmt: skip


def mail(template: str, sent: int = 1) -> MailFact:
    return MailFact(order_id=ORDER, template=template, sent=sent)


def case(status: OrderStatus, listed: PickListStatus, stage: str, paid: PaymentFact | None = None) -> Known:
    is_gone = status in ("shipped", "in_transit", "delivered")
    return Known(
        order=OrderFact(
            id=ORDER, status=status, total=Money(amount=TOTAL, currency="EUR"),
            refunded=paid.refunded if paid else 0, tracking_number="T1" if is_gone else None, units=UNITS,
        ),
        payments=[paid] if paid else [],
        holds=holds(stage),
        pick_lists=[
            PickListFact(id=ORDER, status=listed, confirmed=listed == "shipped", units=UNITS, created_at=NOON)
        ],
        shipments=[ShipmentFact(order_id=ORDER, tracking_number="T1")] if is_gone else [],
        mails=[mail("order_created")],
    )  # fmt: skip


SHIPPED = case("shipped", "shipped", "shipped", payment())
PAID = case("paid", "open", "sold", payment())
PENDING = case("pending_payment", "waiting", "payment", payment(received=0))
CANCELLED = case("cancelled", "cancelled", "returned", payment(TOTAL, TOTAL, TOTAL, 1))


WAITS = "I6 an order waits while its bank decides"


def rules_of(one: Known) -> list[str]:
    return [finding.rule for finding in findings_of(one)]


@pytest.mark.parametrize(
    "good",
    [
        SHIPPED, PAID, PENDING, CANCELLED,
        case("pending_payment", "waiting", "payment"),  # Its intent is being made.
        case("pending_payment", "waiting", "expired", payment(received=0)),
        case("cancelled", "cancelled", "expired", payment(received=0)),
        case("cancelled", "cancelled", "returned", payment(TOTAL, TOTAL, 0, 1)),  # On its way back.
        case("cancelled", "cancelled", "checkout"),  # Tried again, and given back at once.
        case("picking", "picked", "sold", payment(TOTAL, 100, 100, 1)),
        case("packed", "packed", "sold", payment()),
        case("in_transit", "shipped", "shipped", payment()),
        case("delivered", "shipped", "shipped", payment()),
        case("payment_processing", "waiting", "processing", changed(payment(received=0), status="processing")),
        case("cancelled", "cancelled", "returned", changed(payment(received=0), status="processing")),
        replace(PAID, payments=[payment(), changed(payment(), purpose="change:1", amount=100, received=100)]),
        # Its dispute is lost: the money is with the buyer, and nothing is left to send back.
        replace(CANCELLED, payments=[changed(payment(), withdrawn=TOTAL)], order=changed(CANCELLED.order, refunded=0)),  # type: ignore[type-var] # it has one
        Known(payments=[payment(received=0)]),  # Made, and the program ended before its order was placed.
        Known(holds=holds("expired")),  # A checkout that never placed its order.
        Known(holds=holds("checkout")),
        replace(CANCELLED, mails=[mail("order_cancelled", 2), mail("refund_processed")]),  # Money came late between.
    ],
)  # fmt: skip
def test_nothing_is_wrong_with_an_order_as_it_should_be(good: Known) -> None:
    assert findings_of(good) == []


@pytest.mark.parametrize(
    ("wrong", "rules"),
    [
        (Known(payments=[payment()]), ["I1 its order exists"]),
        (Known(holds=holds("sold")), ["I1 its order exists"]),
        (Known(holds=holds("payment")), ["I1 its order exists"]),
        (Known(pick_lists=SHIPPED.pick_lists), ["I1 its order exists"]),
        (Known(shipments=SHIPPED.shipments), ["I1 its order exists"]),
        (Known(mails=SHIPPED.mails), ["I1 its order exists"]),
        (
            replace(PAID, payments=[changed(payment(), amount=1, received=1)]),
            ["I2 asked = total", "I2 captured = total"],
        ),
        (replace(PAID, payments=[changed(payment(), currency="USD")]), ["I2 asked = total"]),
        (replace(PENDING, payments=[payment()]), ["I6 captured for an order that is paid"]),
        (replace(PAID, payments=[payment(received=0)]), ["I6 what is delivered is paid"]),
        (replace(PAID, payments=[]), ["I6 what is delivered is paid"]),
        (replace(CANCELLED, payments=[payment(TOTAL, 100, TOTAL, 1)]), ["I6 captured for a cancelled order goes back"]),
        (replace(CANCELLED, payments=[payment(TOTAL, TOTAL, 0, 1)]), ["I8 refunded"]),
        (replace(PAID, holds=holds("payment")), ["I4 what is paid is sold, no more"]),
        (replace(PAID, holds=[*holds("sold"), *holds("sold")[:1]]), ["I4 what is paid is sold, no more"]),
        (replace(PAID, holds=holds("sold")[:1]), ["I4 what is paid is sold, no more"]),
        (replace(PAID, holds=holds("shipped")), ["I4 what is shipped has left the shelf, no more"]),
        (replace(SHIPPED, holds=holds("sold")), ["I4 what is shipped has left the shelf, no more"]),
        (replace(PENDING, holds=holds("sold")), ["I4 what is not paid is not sold"]),
        (replace(CANCELLED, holds=holds("sold")), ["I4 what is cancelled keeps nothing"]),
        (replace(CANCELLED, holds=holds("payment")), ["I4 what is cancelled keeps nothing"]),
        (replace(PAID, pick_lists=[]), ["I4 pick list follows its order"]),
        (replace(PAID, pick_lists=PENDING.pick_lists), ["I4 pick list follows its order"]),
        (replace(CANCELLED, pick_lists=PAID.pick_lists), ["I4 pick list follows its order"]),
        (replace(PAID, pick_lists=[changed(PAID.pick_lists[0], units=UNITS[:1])]), ["I4 pick list = lines"]),
        (
            replace(SHIPPED, shipments=[]),
            ["I4 what is shipped has its shipment"],
        ),
        (replace(SHIPPED, shipments=[*SHIPPED.shipments] * 2), ["I4 at most one shipment"]),
        (replace(PAID, shipments=SHIPPED.shipments), ["I4 a shipment is of an order that is shipped"]),
        (replace(SHIPPED, mails=[mail("order_shipped", 2)]), ["I5 a mail for each event"]),
        (replace(SHIPPED, mails=[mail("refund_processed")]), ["I5 a mail for each event"]),
    ],
)
def test_what_is_wrong_is_named(wrong: Known, rules: list[str]) -> None:
    assert rules_of(wrong) == rules
    assert all(finding.about == ORDER and finding.remedy and finding.detail for finding in findings_of(wrong))


def test_what_the_domains_say_is_put_together_by_order() -> None:
    another = changed(payment(), order_id="ord_2")

    first, second = cases([*SHIPPED.facts, another])

    assert (first.order_id, first.facts, first.order) == (ORDER, SHIPPED.facts, SHIPPED.order)
    assert (second.order_id, second.facts, second.order) == ("ord_2", [another], None)


def test_each_domain_is_asked_once_and_what_can_change_its_answer_is_known() -> None:
    assert len(ASKS) == len(set(ASKS))
    assert set(JUDGED) >= {"order", "payment", "inventory", "warehouse", "shipping"}


def test_only_refunds_that_fit_the_order_can_be_repaired() -> None:
    (fits,) = findings_of(replace(CANCELLED, payments=[payment(TOTAL, TOTAL, 0, 1)]))
    more = findings_of(replace(CANCELLED, payments=[payment(TOTAL, TOTAL, TOTAL + 1, 1)]))

    assert fits.remedy.action == "repair"
    assert [finding.remedy.action == "repair" for finding in more] == [False]
