"""Receipts are a chain, and an erasure ends when nothing is left to do."""

from datetime import UTC, datetime, timedelta

from actors.privacy import rules
from actors.privacy.rules import ReceiptRow
from bus.messages.privacy import Erasure, PersonalData

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)


def chain(count: int) -> list[tuple[ReceiptRow, bytes]]:
    receipts, before = [], rules.FIRST_LINK
    for number in range(1, count + 1):
        row = ReceiptRow(number, NOON, NOON, bytes([number]) * 32, "closed", "{}")
        before = rules.link_of(before, row)
        receipts.append((row, before))
    return receipts


def test_a_chain_that_nobody_touched_holds() -> None:
    assert rules.broken_at(rules.FIRST_LINK, chain(5), 1) is None


def test_each_field_of_a_receipt_is_in_its_link() -> None:
    for change in ({"at": NOON + timedelta(seconds=1)}, {"begun_at": NOON - timedelta(days=1)}, {"reason": "asked"},
                   {"subject_hash": bytes(32)}, {"checked": "{} "}):  # fmt: skip
        receipts = chain(3)
        receipts[1] = (receipts[1][0]._replace(**change), receipts[1][1])
        assert rules.broken_at(rules.FIRST_LINK, receipts, 1) == 2, change


def test_one_that_is_missing_is_found_at_the_next() -> None:
    receipts = chain(3)
    del receipts[0]
    assert rules.broken_at(rules.FIRST_LINK, receipts, 1) == 2


def test_what_opens_must_not_and_an_invoice_may() -> None:
    text, readable = rules.add_up(
        {
            "order": [PersonalData(records=(), opened=1, invoices=2, gone=3)],
            "customer": [PersonalData(records=(), gone=1)],
        }
    )
    assert readable == 1
    assert '"order":{"gone":3,"invoices":2,"opened":1}' in text


def test_an_erasure_is_tried_again_until_it_is_whole() -> None:
    assert rules.next_try(0, 0) is None
    assert rules.next_try(1, 0) == rules.AGAIN_WAITING
    assert rules.next_try(1, 1) == rules.AGAIN_READABLE


def test_the_audit_hears_of_a_broken_chain_and_of_whoever_can_be_read() -> None:
    under_way = [
        Erasure(subject=subject, reason="closed", begun_at=NOON, waiting=1, readable=readable)
        for subject, readable in (("cus_1", 0), ("cus_2", 2))
    ]
    found = rules.findings(7, under_way)
    assert [(each.check, each.about) for each in found] == [("receipts_fit", "7"), ("forgotten_is_gone", "cus_2")]
    assert rules.findings(None, []) == []
