"""A buyer gets one mail about each event. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final, get_args

from actors.audit.case import Case
from bus.messages.audit import Finding
from bus.messages.base import Fact
from bus.messages.email import MailedOnce, MailFact, ReadMailFacts, template_of
from bus.messages.payment import PaymentFact, ReadPaymentFacts, RefundProcessed

ASKS: Final = (ReadMailFacts, ReadPaymentFacts)
MOVED_BY: Final = ("payment",)  # Not "email": a mail that waits is not one too many.

_ONCE: Final = tuple(template_of(event) for event in get_args(MailedOnce))
_FOR_EACH_REFUND: Final = template_of(RefundProcessed)


def check(case: Case) -> Iterator[Finding]:
    """Compare the mails of an order with the events that it can have had."""
    order, mails = case.order, case.of(MailFact)
    if order is None:
        yield from case.stray("mails", is_left=bool(mails))
        return
    sent = {mail.template: mail.sent for mail in mails}
    refunds = sum(payment.refunds for payment in case.of(PaymentFact))
    bounds = dict.fromkeys(_ONCE, 1) | {_FOR_EACH_REFUND: refunds}
    for template, most in bounds.items():
        yield from case.broken(
            ("one_mail_for_each_event", sent.get(template, 0) <= most,
             f"{sent.get(template)} of {template}, {most} would be right", "read_timeline"),
        )  # fmt: skip


def count(facts: Iterable[Fact]) -> int:
    """Count the mails among these facts."""
    return sum(fact.sent for fact in facts if isinstance(fact, MailFact))
