"""Stripe's test payment methods: which pay, which are declined, and what follows. Pure data.

Source: docs.stripe.com/testing ("Cards by brand", "Declined payments", "Disputes", "Refunds", "3D Secure") and
docs.stripe.com/payments/sepa-debit/accept-a-payment, "Test your integration".
"""

from typing import Literal

from msgspec import UNSET, Struct

from sandbox.stripe.objects import (
    CardDetails,
    ChargedCard,
    ChargedSepaDebit,
    MethodType,
    PaymentMethod,
    PaymentMethodDetails,
    SepaDebitDetails,
)

# A test method's effect once the money has moved.
Aftermath = Literal["none", "dispute", "not_received", "inquiry", "warning"]


class TestCard(Struct, frozen=True):
    """A test card of Stripe's."""

    id: str
    number: str
    outcome: Literal["pays", "declines", "asks"] = "pays"  # "asks": the buyer must approve first.
    code: str = ""
    decline_code: str | None = None
    message: str = ""
    brand: str = "visa"
    refunds_fail: bool = False
    aftermath: Aftermath = "none"

    @property
    def type(self) -> MethodType:
        return "card"


class TestDebit(Struct, frozen=True):
    """A test bank account of Stripe's. Stripe decides such a payment after minutes, the sandbox on request."""

    id: str
    iban: str
    code: str = "payment_method_provider_decline"  # Should it be decided against.
    message: str = "The bank has declined the debit."
    aftermath: Aftermath = "none"
    refunds_fail: bool = False

    @property
    def type(self) -> MethodType:
        return "sepa_debit"


TestMethod = TestCard | TestDebit

GENERIC = "Your card was declined."
_CARDS = (
    TestCard("pm_card_visa", "4242424242424242"),
    TestCard("pm_card_visa_debit", "4000056655665556"),
    TestCard("pm_card_mastercard", "5555555555554444", brand="mastercard"),
    TestCard("pm_card_amex", "378282246310005", brand="amex"),
    TestCard("pm_card_chargeDeclined", "4000000000000002", "declines", "card_declined", "generic_decline", GENERIC),
    TestCard(
        "pm_card_chargeDeclinedInsufficientFunds",
        "4000000000009995",
        "declines",
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    TestCard("pm_card_chargeDeclinedLostCard", "4000000000009987", "declines", "card_declined", "lost_card", GENERIC),
    TestCard(
        "pm_card_chargeDeclinedExpiredCard",
        "4000000000000069",
        "declines",
        "expired_card",
        None,
        "Your card has expired.",
    ),
    TestCard("pm_card_authenticationRequired", "4000002500003155", "asks"),
    TestCard("pm_card_threeDSecure2Required", "4000000000003220", "asks"),
    TestCard("pm_card_refundFail", "4000000000005126", refunds_fail=True),
    TestCard("pm_card_createDispute", "4000000000000259", aftermath="dispute"),
    TestCard("pm_card_createDisputeProductNotReceived", "4000000000002685", aftermath="not_received"),
    TestCard("pm_card_createDisputeInquiry", "4000000000001976", aftermath="inquiry"),
    TestCard("pm_card_createIssuerFraudRecord", "4000000000005423", aftermath="warning"),
)
_NO_FUNDS = "The bank account has insufficient funds."
_DEBITS = (
    TestDebit("pm_success_de", "DE89370400440532013000"),
    TestDebit("pm_successDelayed_de", "DE08370400440532013003"),
    TestDebit("pm_failed_de", "DE62370400440532013001"),
    TestDebit("pm_failedDelayed_de", "DE78370400440532013004"),
    TestDebit("pm_disputed_de", "DE35370400440532013002", aftermath="dispute"),
    TestDebit(
        "pm_exceedsWeeklyVolumeLimit_de",
        "DE65370400440000343434",
        "charge_exceeds_source_limit",
        "The amount exceeds what may be debited from this account in a week.",
    ),
    TestDebit(
        "pm_exceedsWeeklyTransactionLimit_de",
        "DE27370400440000121212",
        "charge_exceeds_transaction_limit",
        "There were more debits from this account in a week than are allowed.",
    ),
    TestDebit("pm_insufficientFunds_de", "DE65370400440002222227", "insufficient_funds", _NO_FUNDS),
    TestDebit("pm_success_ie", "IE29AIBK93115212345678"),
    TestDebit("pm_failed_ie", "IE02AIBK93115212345679"),
    TestDebit("pm_success_lu", "LU280019400644750000"),
    TestDebit("pm_failed_lu", "LU980019400644750001"),
    TestDebit("pm_success_nl", "NL39RABO0300065264"),
    TestDebit("pm_failed_nl", "NL91ABNA0417164300"),
    # Names of the sandbox's own, for those who do not know Stripe's.
    TestDebit("pm_sandbox_sepaDebit", "DE89370400440532013000"),
    TestDebit("pm_sandbox_sepaDebitFails", "DE65370400440002222227", "insufficient_funds", _NO_FUNDS),
)
METHODS: dict[str, TestMethod] = {method.id: method for method in (*_CARDS, *_DEBITS)}
CARD_IDS_BY_NUMBER = {card.number: card.id for card in _CARDS}
# The first of a number counts: Stripe's own name comes before the sandbox's.
DEBIT_IDS_BY_IBAN = {debit.iban: debit.id for debit in reversed(_DEBITS)}

DEBIT_CURRENCIES = frozenset({"eur"})


def types_for(currency: str) -> list[str]:
    """The payment method types that Stripe offers for a currency, if the account has both switched on."""
    return ["card", "sepa_debit"] if currency in DEBIT_CURRENCIES else ["card"]


def method_object(method: TestMethod, created: int = 0) -> PaymentMethod:
    """The payment method as Stripe shows it."""
    if isinstance(method, TestCard):
        card = CardDetails(brand=method.brand, last4=method.number[-4:])
        return PaymentMethod(id=method.id, card=card, created=created, type="card")
    account = SepaDebitDetails(last4=method.iban[-4:], country=method.iban[:2], bank_code=method.iban[4:12])
    return PaymentMethod(id=method.id, sepa_debit=account, created=created, type="sepa_debit")


def charged(method: TestMethod, amount: int) -> PaymentMethodDetails:
    """The payment method as a charge names it."""
    found = method_object(method)
    if found.card is not UNSET:
        card = ChargedCard(
            brand=found.card.brand, last4=found.card.last4, amount_authorized=amount, network=found.card.brand
        )
        return PaymentMethodDetails(card=card, type="card")
    assert found.sepa_debit is not UNSET, found
    account = found.sepa_debit
    mandate = "mandate_sandbox_" + account.last4
    debit = ChargedSepaDebit(last4=account.last4, country=account.country, bank_code=account.bank_code, mandate=mandate)
    return PaymentMethodDetails(sepa_debit=debit, type="sepa_debit")
