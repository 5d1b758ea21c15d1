"""Remedies as the command line words them."""

import pytest

from bus.messages.audit import Remedy
from cli.remedies import advice


@pytest.mark.parametrize(
    ("remedy", "sentence"),
    [
        (Remedy(action="repair", target="MUG"), "POST /admin/api/audit/repair, or run.py audit --repair"),
        (
            Remedy(action="redrive", target="7", detail="it broke"),
            "POST /admin/api/dead-letters/7/redrive, or run.py dead-letters redrive 7: it broke",
        ),
        (Remedy(action="pick_as_ordered", target="ord_1"), "pick the lines of the order"),
    ],
)
def test_a_command_stands_beside_the_request_that_does_the_same(remedy: Remedy, sentence: str) -> None:
    assert advice(remedy) == sentence
