"""An export: a ZIP with all that the shop keeps of a person, as JSON by part, with its schema and a page to read.

It is made in memory, in pieces of a hundred orders: what names a person lies in no temporary file. Of the JSON a piece
at a time is there, of the rest what is compressed, and the page.
"""

import html
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from bus.messages.base import Money, OrderId
from bus.messages.customer import CustomerId
from bus.messages.customer_own import ListCustomerOrders
from bus.messages.privacy import (
    AT_ONCE,
    AnyRecord,
    PersonalData,
    ReadPersonalAccount,
    ReadPersonalMails,
    ReadPersonalOrders,
    ReadPersonalParcels,
    ReadPersonalPayments,
    Record,
)
from engine.actor import Asks
from engine.errors import BadInput
from engine.message import Query

MOST_ORDERS: Final = 10_000
_OF_ORDERS: Final[Mapping[str, Callable[[tuple[OrderId, ...]], Query[PersonalData]]]] = {
    "orders": lambda ids: ReadPersonalOrders(order_ids=ids),
    "payments": lambda ids: ReadPersonalPayments(order_ids=ids),
    "parcels": lambda ids: ReadPersonalParcels(order_ids=ids),
    "mails": lambda ids: ReadPersonalMails(order_ids=ids),
}
_HEAD: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Your data</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;width:100%;margin:.5em 0}th,td{border:1px solid #ccc;padding:.2em .6em;text-align:left;
vertical-align:top}th{width:12em;font-weight:600}details{margin:.5em 0}</style>
"""


class SessionRecord(Record, frozen=True, kw_only=True):
    """A session: where somebody is signed in."""

    since: datetime
    seen: datetime
    ends_at: datetime
    method: str
    device: str
    network: str


async def personal_zip(
    bus: Asks, made_at: datetime, customer_id: CustomerId, sessions: Sequence[SessionRecord] = ()
) -> bytes:
    """Make the export of a customer.

    Raises:
        BadInput: They have more orders than one export takes.
    """
    account = await bus.ask(ReadPersonalAccount(customer_id=customer_id))
    orders = [order async for order in _orders_of(bus, customer_id)]
    return await _zip(bus, made_at, {"account": account.records, "sessions": sessions}, orders)


async def zip_of_order(bus: Asks, made_at: datetime, order_id: OrderId) -> bytes:
    """Make the export of a guest's order."""
    return await _zip(bus, made_at, {}, [order_id])


async def _orders_of(bus: Asks, customer_id: CustomerId) -> AsyncIterator[OrderId]:
    after, count = "", 0
    while True:
        page = await bus.ask(ListCustomerOrders(customer_id=customer_id, limit=AT_ONCE, after=after))
        count += len(page.orders)
        if count > MOST_ORDERS:
            raise BadInput(f"more than {MOST_ORDERS} orders")
        for order in page.orders:
            yield order
        if page.next is None:
            return
        after = page.next


async def _zip(bus: Asks, made_at: datetime, known: Mapping[str, Sequence[Record]], orders: Sequence[OrderId]) -> bytes:
    content = io.BytesIO()
    page = [_HEAD, f"<h1>Your data</h1><p>All that this shop keeps of you, as of {_text(made_at)}.</p>"]
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, records in known.items():
            with archive.open(f"{name}.json", "w") as entry:
                entry.write(msgspec.json.encode(records))
            page += _section(name, records)
        for name, query in _OF_ORDERS.items():
            page.append(f"<h2>{html.escape(name.title())}</h2>")
            with archive.open(f"{name}.json", "w") as entry:
                entry.write(b"[")
                for first in range(0, len(orders), AT_ONCE):
                    found = (await bus.ask(query(tuple(orders[first : first + AT_ONCE])))).records
                    entry.write((b",\n" if first and found else b"") + msgspec.json.encode(found)[1:-1])
                    page += map(_shown, found)
                entry.write(b"]")
        archive.writestr("schema.json", msgspec.json.format(msgspec.json.encode(schema())))
        archive.writestr("index.html", "".join(page))
    return content.getvalue()


def schema() -> dict[str, object]:
    """Describe the records, as JSON Schema."""
    described: dict[str, object] = msgspec.json.schema(list[AnyRecord | SessionRecord])
    return described


def _section(name: str, records: Sequence[Record]) -> list[str]:
    return [f"<h2>{html.escape(name.title())}</h2>", *map(_shown, records)]


def _shown(record: Record) -> str:
    plain = msgspec.to_builtins(record, builtin_types=(datetime,))
    return _table({name: value for name, value in plain.items() if name != "kind"})


def _table(fields: Mapping[str, object]) -> str:
    rows = (f"<tr><th>{html.escape(_label(name))}</th><td>{_cell(value)}</td></tr>" for name, value in fields.items())
    return f"<table>{''.join(rows)}</table>"


def _cell(value: object) -> str:
    match value:
        case {"amount": int(amount), "currency": str(currency)}:
            return html.escape(str(Money(amount=amount, currency=currency)))
        case dict():
            return _table(value)
        case list() | tuple():
            return "".join(_cell(each) for each in value)
        case _:
            return html.escape(_text(value))


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
