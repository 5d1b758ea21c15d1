"""docs/lives.md, drawn from the tables of transitions: `make docs`."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeVar, get_args

from actors.idempotency.rules import CLAIM_NEXT
from actors.inventory.life import HOLD_NEXT, Move
from actors.order.rules import NEXT as ORDER_NEXT
from actors.payment.life import (
    DISPUTE_NEXT,
    FUNDS_NEXT,
    PAYMENT_NEXT,
    REFUND_NEXT,
    DisputeStatus,
    Funds,
    RefundStatus,
)
from actors.warehouse.rules import NEXT as PICK_LIST_NEXT
from engine.circuit import NEXT as CIRCUIT_NEXT

PAGE: Final = Path(__file__).parent.parent / "docs" / "lives.md"

_HEAD: Final = """\
# Lives

What can become of an order, a payment, held units, a parcel. An arrow is a row of a table in the code, with the fact or
step that moves along it; a pair of state and fact without an arrow changes nothing, because facts come late and
repeatedly. This page is drawn from these tables: `make docs`."""

S = TypeVar("S", bound=str)
F = TypeVar("F", bound=str)


class Transition(NamedTuple):
    """A step from one state to the next. Its fact is empty where the table names none."""

    before: str
    fact: str
    after: str


class Diagram(NamedTuple):
    """A diagram, with the transitions that it shows."""

    title: str
    transitions: Sequence[Transition]


@dataclass(frozen=True, slots=True)
class Life:
    """The life of one kind of thing."""

    name: str
    file: str
    table: str
    about: str
    begins: Mapping[str, str]  # First states, each with its condition, if it has one.
    diagrams: Sequence[Diagram]
    below: str = ""  # A table that follows the diagrams.

    @property
    def transitions(self) -> Sequence[Transition]:
        """The transitions of all diagrams."""
        return [each for diagram in self.diagrams for each in diagram.transitions]


def main() -> None:
    """Write the page."""
    PAGE.write_text(text(), encoding="utf-8")


def text() -> str:
    """The whole page."""
    return "\n\n".join([_HEAD, *(_section(life) for life in lives())]) + "\n"


def lives() -> Sequence[Life]:
    """All lives, in the order of the page."""
    return (_order(), _payment(), _refund(), _dispute(), _funds(), _hold(), _pick_list(), _claim(), _circuit())


def _order() -> Life:
    return Life(
        "An order",
        "actors/order/rules.py",
        "NEXT",
        "Only the order's actor decides about an order; other domains report facts. `overdue`: the time to pay is "
        "over. `called_off`: the buyer or staff cancel. `units_retaken`: money came late, and the units were still "
        "there.",
        {"pending_payment": "", "paid": "the total is 0"},
        [Diagram("", _rows(ORDER_NEXT))],
    )


def _payment() -> Life:
    return Life(
        "A payment",
        "actors/payment/life.py",
        "PAYMENT_NEXT",
        "The facts are Stripe's, except `order_cancelled` and `intent_found` (a scan finds an intent of a cancelled "
        "order). In `closing` the intent is being cancelled at Stripe. Money that comes late is `received` all the "
        "same, and the order decides what becomes of it.",
        {"open": "", "closed": "the order was cancelled first"},
        [Diagram("", _rows(PAYMENT_NEXT))],
    )


def _refund() -> Life:
    return Life(
        "A refund",
        "actors/payment/life.py",
        "REFUND_NEXT",
        "A bank may send money back days after a refund succeeded.",
        {"pending": ""},
        [Diagram("", _pairs(REFUND_NEXT, get_args(RefundStatus)))],
    )


def _dispute() -> Life:
    return Life(
        "A dispute",
        "actors/payment/life.py",
        "DISPUTE_NEXT",
        "An inquiry is a bank's question; a dispute takes the money until it is decided.",
        {"inquiry": "", "open": ""},
        [Diagram("", _pairs(DISPUTE_NEXT, get_args(DisputeStatus)))],
    )


def _funds() -> Life:
    return Life(
        "Disputed money",
        "actors/payment/life.py",
        "FUNDS_NEXT",
        "Whether the money of a dispute is in the shop's account.",
        {"here": ""},
        [Diagram("", _pairs(FUNDS_NEXT, get_args(Funds)))],
    )


def _hold() -> Life:
    transitions = _rows({pair: move.stage for pair, move in HOLD_NEXT.items()})
    returning = {"expired", "returned"}
    forth = [each for each in transitions if not returning & {each.before, each.after}]
    back = [each for each in transitions if each not in forth]
    return Life(
        "Held units",
        "actors/inventory/life.py",
        "HOLD_NEXT",
        "A cart's hold (`cart`) ends by the clock, or becomes an order's at its checkout. From there on this table is "
        "the hold's life and its bookkeeping.",
        {"checkout": ""},
        [Diagram("On the way to the buyer:", forth), Diagram("Given back, and money or parcels that come late:", back)],
        _books(HOLD_NEXT),
    )


def _pick_list() -> Life:
    return Life(
        "A pick list, and its parcel",
        "actors/warehouse/rules.py",
        "NEXT",
        "A parcel is handed to a carrier once it is `shipped` here and the order has confirmed that it is packed; from "
        "that confirmation on, `cancel` changes nothing.",
        {"waiting": ""},
        [Diagram("", _rows(PICK_LIST_NEXT))],
    )


def _claim() -> Life:
    return Life(
        "An idempotency key",
        "actors/idempotency/rules.py",
        "CLAIM_NEXT",
        "A claim is a lease: `running` becomes `lapsed` by the clock, too. Kept answers are removed after two days.",
        {"free": ""},
        [Diagram("", _rows(CLAIM_NEXT))],
    )


def _circuit() -> Life:
    return Life(
        "A circuit in front of a service",
        "engine/circuit.py",
        "NEXT",
        "`FAILED`: at least five calls in a row had no answer. `TRUSTED`: its bounded rate has grown to the full one.",
        {"CLOSED": ""},
        [Diagram("", _rows({(state.name, fact.name): after.name for (state, fact), after in CIRCUIT_NEXT.items()}))],
    )


def _rows(table: Mapping[tuple[S, F], S]) -> list[Transition]:
    """The transitions of a table. Those between the same two states are one, with all their facts."""
    facts: dict[tuple[str, str], list[str]] = {}
    for (before, fact), after in table.items():
        facts.setdefault((before, after), []).append(fact)
    return [Transition(before, ", ".join(named), after) for (before, after), named in facts.items()]


def _pairs(table: Iterable[tuple[S, S]], states: Sequence[S]) -> list[Transition]:
    """The transitions of a table that names no facts, in the order of the states."""
    ordered = sorted(table, key=lambda pair: (states.index(pair[0]), states.index(pair[1])))
    return [Transition(before, "", after) for before, after in ordered]


def _books(table: Mapping[tuple[S, F], Move]) -> str:
    """The changes of the books per unit, a line for each fact and change."""
    sources: dict[tuple[str, Move], list[str]] = {}
    for (before, fact), move in table.items():
        if move.reason:
            sources.setdefault((fact, move), []).append(before)
    lines = [
        f"| `{fact}` | {', '.join(states)} | {move.stage} | {_signed(move.on_hand)} | {_signed(move.assigned)} "
        f"| {_signed(move.held)} | {move.reason} |"
        for (fact, move), states in sources.items()
    ]
    head = [
        "The change of the SKU's three numbers for each unit, and the reason in the ledger. An arrow that is not in",
        "this table changes neither.",
        "",
        "| fact | from | to | on_hand | assigned | held | ledger |",
        "| --- | --- | --- | --: | --: | --: | --- |",
    ]
    return "\n".join([*head, *lines])


def _signed(change: int) -> str:
    return f"{change:+d}" if change else ""


def _section(life: Life) -> str:
    about = textwrap.fill(f"{life.about} (`{life.table}` in `{life.file}`)", 120, break_on_hyphens=False)
    last = {each.after for each in life.transitions} - {each.before for each in life.transitions}
    pieces = [f"## {life.name}", about]
    for diagram in life.diagrams:
        pieces += [diagram.title, _diagram(life.begins, diagram.transitions, last)]
    return "\n\n".join(piece for piece in [*pieces, life.below] if piece)


def _diagram(begins: Mapping[str, str], transitions: Sequence[Transition], last: set[str]) -> str:
    """Draw the transitions, from the first states among them to those that nothing follows."""
    drawn = {state for each in transitions for state in (each.before, each.after)}
    first = [Transition("[*]", condition, state) for state, condition in begins.items() if state in drawn]
    ends = [
        Transition(state, "", "[*]") for state in dict.fromkeys(each.after for each in transitions) if state in last
    ]
    lines = [
        f"    {each.before} --> {each.after}" + (f": {each.fact}" if each.fact else "")
        for each in (*first, *transitions, *ends)
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


if __name__ == "__main__":
    main()
