"""Tables that the commands print."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from rich.table import Column, Table
from rich.text import Text

from bus.backlog import DeadLetter, Overdue
from bus.messages.audit import Finding, Part, RepairMade
from bus.messages.imports import Import, ImportReport, KeptChange
from bus.sqs.membership import Process
from bus.sqs.queues import ParkedMessage, QueueState
from cli.remedies import advice
from engine.telemetry import printable
from gateway.access import Token


def refused_lines(lines: Iterable[tuple[int, str]]) -> Table:
    """Make the table of lines that an import refused, with reasons."""
    table = Table("line", "why")
    for line, reason in lines:
        _add(table, str(line), reason)
    return table


def imports(known: Iterable[Import]) -> Table | str:
    """Make the table of imports."""
    table = Table(
        Column("id", no_wrap=True), "file", "state", "by", "begun", "added", "changed", "unchanged", "refused"
    )
    for each in known:
        state = f"{each.state} (dry run)" if each.is_trial else each.state
        counted = (f"{count:,}" for count in (each.added, each.changed, each.unchanged, each.refused))
        _add(table, each.id, each.name, state, each.by, _moment(each.at), *counted)
    return table if table.row_count else "None."


def previews(report: ImportReport) -> Iterable[Table]:
    """Make the tables of what a dry run would add and change, of the first SKUs of each."""
    for title, lines in (("Would be added", report.added), ("Would be changed", report.changed)):
        table = Table("line", "product", "sku", "field", "before", "after", title=title)
        for line in lines:
            place = (str(line.line), line.product_id, line.sku)
            if lines is report.added:
                _add(table, *place)
            for change in line.fields if lines is report.changed else ():
                _add(table, *place, change.field, _value(change.before), _value(change.after))
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


def tokens(known: Iterable[Token], now: datetime) -> Table | str:
    """Make the table of the tokens of staff."""
    table = Table(Column("id", no_wrap=True), "role", "label", "made", "expires", Column("state", no_wrap=True))
    for token in known:
        state = "revoked" if token.revoked_at else "expired" if token.expires_at <= now else "valid"
        made, expires = f"{token.created_at:%Y-%m-%d}", f"{token.expires_at:%Y-%m-%d}"
        _add(table, token.id, token.role, token.label, made, expires, state)
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


def _value(value: object) -> str:
    """Write a field's value in JSON, at a length that fits a table."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
