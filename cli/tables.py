"""Tables that the commands print."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from rich.table import Column, Table
from rich.text import Text

from bus.backlog import DeadLetter, Overdue
from bus.messages.audit import Finding, Part, RepairMade
from bus.messages.base import Money
from bus.messages.catalog import FieldChange
from bus.messages.imports import Import, ImportReport, KeptChange
from bus.messages.staff import KEYS, AccessToken, Person
from bus.sqs.membership import Process
from bus.sqs.queues import ParkedMessage, QueueState
from cli.remedies import advice
from engine.telemetry import printable


def refused_lines(lines: Iterable[tuple[int, str]]) -> Table:
    """Make the table of lines that an import refused, with reasons."""
    table = Table("line", "why")
    for line, reason in lines:
        _add(table, str(line), reason)
    return table


def imports(known: Iterable[Import]) -> Table | str:
    """Make the table of imports. It fits a hundred columns."""
    folded = (Column(title, overflow="fold") for title in ("file", "state", "by"))
    table = Table(Column("id", no_wrap=True), *folded, Column("begun", width=10), Column("lines", width=17))
    for each in known:
        state = f"{each.state} (dry run)" if each.is_trial else each.state
        counts = (("added", each.added), ("changed", each.changed), ("same", each.unchanged), ("refused", each.refused))
        lines = ", ".join(f"{count:,} {word}" for word, count in counts if count)
        _add(table, each.id, each.name, state, each.by, _moment(each.at), lines)
    return table if table.row_count else "None."


def previews(report: ImportReport) -> Iterable[Table]:
    """Make the tables of what a dry run would add and change, of the first SKUs of each.

    A new SKU may belong to a product that is there, and change it: that is shown, too.
    """
    for title, lines in (("Would be added", report.added), ("Would be changed", report.changed)):
        table = Table("line", "product", "sku", "field", "before", "after", title=title)
        for line in lines:
            place = (str(line.line), line.product_id, line.sku)
            if lines is report.added:
                _add(table, *place)
            for field, before, after in (part for change in line.fields for part in _parts(change)):
                if lines is report.changed or before is not None:
                    _add(table, *place, field, _value(before), _value(after))
        if lines:
            yield table


def kept_changes(kept: Iterable[KeptChange]) -> Table:
    """Make the table of changes that an undo has left."""
    table = Table("about", "why", "fields")
    for each in kept:
        _add(table, each.about, each.reason, ", ".join(change.field for change in each.fields))
    return table


def repairs(made: Iterable[RepairMade]) -> Table:
    """Make the table of repairs."""
    table = Table("rule", "about", "before", "after", title="Repaired")
    for row in made:
        _add(table, row.rule, row.about, row.before, row.after)
    return table


def findings(found: Iterable[Finding]) -> Table:
    """Make the table of the auditor's findings."""
    table = Table("rule", "about", "detail", "remedy")
    for finding in found:
        _add(table, finding.rule, finding.about, finding.detail, advice(finding.remedy))
    return table


# What an audit has counted, by the name of its part: one, and many.
_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "stock": ("SKU", "SKUs"),
    "money": ("payment", "payments"),
    "orders": ("order", "orders"),
    "mails": ("mail", "mails"),
    "answers": ("answered checkout", "answered checkouts"),
    "deliveries": ("waiting message", "waiting messages"),
    "levels": ("cached stock level", "cached stock levels"),
    "erasures": ("person forgotten", "persons forgotten"),
    "search": ("product to be found", "products to be found"),
}


def audited(parts: Iterable[Part], findings: int) -> str:
    """Write what an audit has counted and found as a sentence or two."""
    counted = [_number_of(part.checked, *_COUNTED.get(part.name, (part.name, part.name))) for part in parts]
    listed = " and ".join(filter(None, (", ".join(counted[:-1]), *counted[-1:])))
    found = _number_of(findings, "finding", "findings")
    return f"Checked {listed or 'nothing'}: {found}.{'' if findings else ' All is well.'}"


def _number_of(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def dead_letters(local: Iterable[DeadLetter], queued: Iterable[ParkedMessage]) -> Table | str:
    """Make the table of dead letters: those parked in the database, and those that queues have parked by themselves."""
    table = Table("id", "actor", "message", "key", "tries", "parked", "error")
    for letter in local:
        tries, parked = str(letter.attempts), _moment(letter.parked_at)
        _add(table, str(letter.id), letter.subscriber, letter.type, letter.key, tries, parked, letter.error)
    for message in queued:
        error = f"received {message.receives} times, and never acknowledged"
        row = (message.id, message.actor, message.type, message.key, str(message.receives), "", error)
        _add(table, *row)
    return table if table.row_count else "None."


def people(known: Iterable[Person]) -> Table | str:
    """Make the table of the people who work here."""
    table = Table(Column("id", no_wrap=True), "e-mail", "name", "role", "state", "second factor")
    for each in known:
        factors = ["codes"] * each.has_totp + [f"{each.passkeys} passkeys"] * bool(each.passkeys)
        _add(table, each.id, each.email, each.name, each.role, each.state, " and ".join(factors) or "none")
    return table if table.row_count else "None."


def tokens(known: Iterable[AccessToken], now: datetime) -> Table | str:
    """Make the table of the tokens of programs."""
    table = Table(Column("id", no_wrap=True), "label", "may", "made", "expires", Column("state", no_wrap=True))
    for token in known:
        state = "revoked" if token.revoked_at else "expired" if token.expires_at <= now else "valid"
        made, expires = f"{token.created_at:%Y-%m-%d}", f"{token.expires_at:%Y-%m-%d}"
        may = "everything" if set(token.keys) >= set(KEYS) else ", ".join(token.keys) or "nothing"
        _add(table, token.id, token.label, may, made, expires, state)
    return table if table.row_count else "None."


def queues(
    states: Iterable[QueueState], waiting: Sequence[Overdue], processes: Sequence[Process], now: datetime
) -> Table:
    """Make the table of queues: how full each is, the age of its oldest event, and its living hosts."""
    oldest: Mapping[str, datetime] = {each.subscriber: each.oldest for each in reversed(waiting)}
    table = Table("actor", "queue", "waiting", "in flight", "parked", "oldest event", "hosted by")
    for state in states:
        hosts = [process.id for process in processes if state.actor in process.hosts and process.is_alive(now)]
        age = f"{(now - oldest[state.actor]).total_seconds():.0f} s" if state.actor in oldest else ""
        counts = (
            (str(state.waiting), str(state.in_flight), str(state.parked)) if state.is_there else ("missing", "", "")
        )
        _add(table, state.actor, state.queue, *counts, age, ", ".join(hosts) or "nobody")
    return table


def _add(table: Table, *cells: str) -> None:
    """Add a row of plain texts: what a stranger has sent is no markup, and moves no cursor."""
    table.add_row(*(Text(printable(cell)) for cell in cells))


def _parts(change: FieldChange) -> Iterable[tuple[str, object, object]]:
    """A change, and of a SKU each field that differs: the name, the value before, and after."""
    before, after = change.before, change.after
    if not isinstance(before, dict) or not isinstance(after, dict) or not change.field.startswith("skus."):
        return [(change.field, before, after)]
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [(name, before.get(name), after.get(name)) for name in names]


def _value(value: object) -> str:
    """Write a field's value at a length that fits a table: texts and money as people do, the rest in JSON."""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return str(msgspec.convert(value, Money))
    text = value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
