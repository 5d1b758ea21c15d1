"""Tables show what strangers have sent, and do nothing else with it."""

from datetime import UTC, datetime

import pytest
from rich.console import Console
from rich.table import Table

from bus.backlog import DeadLetter
from bus.messages.audit import Part, RepairMade
from cli.tables import audited, dead_letters, refused_lines, repairs

NASTY = "\x1b[2J\x1b]0;owned\x07[red]x[/red]\u202efdp"
SHOWN = r"\x1b[2J\x1b]0;owned\x07[red]x[/red]\u202efdp"


def letters() -> Table:
    letter = DeadLetter(
        id=7, message_id="a1", subscriber="email", type="Rang", key=NASTY, body="{}", attempts=8,
        error="[Errno 111] refused", parked_at=datetime(2030, 1, 7, tzinfo=UTC),
    )  # fmt: skip
    table = dead_letters([letter], [])
    assert isinstance(table, Table)
    return table


@pytest.mark.parametrize(
    "table",
    [letters(), refused_lines([(2, NASTY)]), repairs([RepairMade(rule="a", about=NASTY, before="1", after="2")])],
    ids=["dead letters", "an import", "repairs"],
)
def test_what_a_stranger_sent_is_shown_as_it_is(table: Table) -> None:
    console = Console(width=250, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(table)

    assert SHOWN in captured.get()
    assert "\x1b]" not in captured.get()


def test_an_error_number_is_no_markup() -> None:
    console = Console(width=250)
    with console.capture() as captured:
        console.print(letters())

    assert "[Errno 111] refused" in captured.get()


@pytest.mark.parametrize(
    ("counts", "findings", "sentence"),
    [
        ({"stock": 114, "money": 1}, 0, "Checked 114 SKUs and 1 payment: 0 findings. All is well."),
        (
            {"orders": 1200, "mails": 0, "levels": 1},
            1,
            "Checked 1,200 orders, 0 mails and 1 cached stock level: 1 finding.",
        ),
        ({"answers": 1, "deliveries": 2}, 2, "Checked 1 answered checkout and 2 waiting messages: 2 findings."),
        ({"things": 3}, 0, "Checked 3 things: 0 findings. All is well."),
        ({}, 0, "Checked nothing: 0 findings. All is well."),
    ],
)
def test_an_audit_is_a_sentence(counts: dict[str, int], findings: int, sentence: str) -> None:
    assert audited([Part(name=name, checked=number) for name, number in counts.items()], findings) == sentence
