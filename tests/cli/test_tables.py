"""Tables show what strangers have sent, and do nothing else with it."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from rich.console import Console
from rich.table import Table

from bus.backlog import DeadLetter
from bus.messages.audit import Part, RepairMade
from bus.messages.catalog import FieldChange
from bus.messages.imports import Import, ImportReport, LinePreview
from cli.tables import audited, dead_letters, imports, previews, refused_lines, repairs

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


def test_imports_fit_a_hundred_columns_with_all_that_they_say() -> None:
    done = Import(
        id="imp_0_9KHowmhUX22xiMevj9VA", name="spring-collection-of-2030.csv", state="done", is_trial=True,
        by="Ada (tok_57e9762d11c1)", at=datetime(2030, 1, 7, 12, 30, 15, tzinfo=UTC), lines=2_000_000,
        added=1_250_000, changed=114, unchanged=0, refused=1_302,
    )  # fmt: skip
    console = Console(width=100)
    with console.capture() as captured:
        console.print(imports([done]))

    assert "…" not in captured.get()
    for word in (done.id, "dry", "Ada", "2030-01-07", "12:30:15", "1,250,000 added", "114 changed", "1,302 refused"):
        assert word in captured.get()
    assert max(map(len, captured.get().splitlines())) <= 100


def test_an_error_number_is_no_markup() -> None:
    console = Console(width=250)
    with console.capture() as captured:
        console.print(letters())

    assert "[Errno 111] refused" in captured.get()


def test_a_dry_run_shows_each_field_that_would_change_and_a_product_that_a_new_sku_changes() -> None:
    def sku(price: int) -> dict[str, object]:
        return {"sku": "WHISK", "price": {"amount": price, "currency": "EUR"}, "weight_g": 110}

    report = ImportReport(
        lines=(), next=None, unchanged=(), kept=(),
        added=(
            LinePreview(line=2, product_id="WHISK", sku="WHISK-2", fields=(
                FieldChange(field="category", before="Kitchen", after="Garden"),
                FieldChange(field="skus.WHISK-2", before=None, after=sku(900)),
            )),
            LinePreview(line=3, product_id="NEW", sku="NEW-1", fields=(
                FieldChange(field="title", before=None, after="New"),
            )),
        ),
        changed=(
            LinePreview(line=4, product_id="WHISK", sku="WHISK", fields=(
                FieldChange(field="skus.WHISK", before=sku(1150), after=sku(1175)),
                FieldChange(field="on_hand", before=3, after=0),
            )),
        ),
    )  # fmt: skip
    added, changed = ([list(column.cells) for column in table.columns] for table in previews(report))

    assert list(zip(*map(texts, added), strict=True)) == [
        ("2", "WHISK", "WHISK-2", "", "", ""),
        ("2", "WHISK", "WHISK-2", "category", "Kitchen", "Garden"),
        ("3", "NEW", "NEW-1", "", "", ""),
    ]
    assert list(zip(*map(texts, changed), strict=True)) == [
        ("4", "WHISK", "WHISK", "price", "€11.50", "€11.75"),
        ("4", "WHISK", "WHISK", "on_hand", "3", "0"),
    ]


def texts(cells: Iterable[object]) -> list[str]:
    return [str(cell) for cell in cells]


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
