"""What pages say of an order's life, in the reader's language: phrases are translated, and amounts written likewise."""

from datetime import UTC, datetime

import pytest

from gateway.api.order import MomentView
from gateway.pages.languages import languages
from gateway.pages.sentences import detail_of

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
GERMAN = languages()["de"]


def moment(event: str, detail: str) -> MomentView:
    return MomentView(at=NOON, event=event, detail=detail, title="", text="")


@pytest.mark.parametrize(
    ("event", "detail", "said"),
    [
        ("PaymentReceived", "€1,999.00", "1.999,00 €"),
        ("PaymentReceived", "16.40 EUR", "16,40 €"),
        ("RefundProcessed", "CHF 5.00", "5,00 CHF"),
        ("FurtherPaymentReceived", "€5.00 for order", "5,00 € für die Bestellung selbst"),
        ("FurtherPaymentReceived", "€5.00 for change:1", "5,00 € für change:1"),
        ("DisputeOpened", "inquiry about €16.40: product_not_received", "Anfrage zu 16,40 €: die Ware kam nicht an"),
        ("DisputeClosed", "€16.40: lost", "16,40 €: vom Shop verloren"),
        ("RefundsCorrected", "€1.00 was written down, €0.00 went back", "1,00 € war eingetragen, 0,00 € ging zurück"),
        ("DoneByStaff", "refunded €5.00 by stf_1", "5,00 € erstattet durch Ada"),
        ("BuyerCorrected", "email, address by stf_2", "E-Mail, Anschrift durch stf_2"),
        ("OrderShipped", "Carrier SB1F", "SB1F"),
        ("ParcelMoved", "out_for_delivery: Tour 5", "In Zustellung: Tour 5"),
        ("ParcelMoved", "delivered", "Zugestellt"),
        ("OrderCancelled", "staff", "Der Shop hat storniert."),
        ("PaymentDeclined", "incorrect_number", "Die Kartennummer stimmt nicht."),
        ("OrderGiftWrapped", "for €2.00", "for 2,00 €"),
        ("OrderFulfilled", "", ""),
    ],
)
def test_a_german_reads_german(event: str, detail: str, said: str) -> None:
    assert detail_of(GERMAN, moment(event, detail), {"stf_1": "Ada"}).replace("\N{NO-BREAK SPACE}", " ") == said
