"""Orders found by staff: by their number, or by beginnings of what their buyers are called.

Blind tokens find more than was asked for (engine/blind_index.py). So what is found is opened, and kept if it says so.
"""

from datetime import datetime
from typing import Final

from asyncpg import Record

from actors.order import buyers
from bus.messages.order import ListOrders
from engine.blind_index import folded_address
from engine.clock import FOREVER
from engine.cursor import Page, make_cursor, page_limit, page_of, read_cursor
from engine.postgres import Database
from engine.sealing import Erased
from engine.vault import Vault

_MOST_OPENED: Final = 500  # Of one page: some milliseconds.
# Materialized, for else it might be read from the newest order on until enough are found.
_FIND: Final = buyers.with_locked_keys(
    """
with found as materialized (
    select * from orders.orders
    where number = $3 or (tokens && $4::bigint[] and tokens && $5::bigint[] and tokens && $6::bigint[])
)
select id, number, status, currency, total, created_at, email, name, phone, address, contact, invoice,
    ACCOUNT_KEY as account_key, INVOICE_KEY as invoice_key
from found o where (created_at, id) < ($1, $2) and ($7::text is null or status = $7)
order by created_at desc, id desc limit 500"""
)


async def find(database: Database, vault: Vault, ask: ListOrders) -> Page[Record]:
    """Find a page of orders, the newest first; it may have fewer rows than it could, and yet be followed by another.

    Raises:
        BadInput: `after` is not from a page of this list.
    """
    limit = page_limit(ask.limit)
    created_at, last_id = read_cursor(ask.after, tuple[datetime, str]) or (FOREVER, "")
    asked = sorted(vault.asked_tokens(ask.q), key=len)[:3]
    tokens = [asked[min(place, len(asked) - 1)] if asked else [] for place in range(3)]
    rows = await database.fetch(_FIND, created_at, last_id, ask.q.strip().upper(), *tokens, ask.status)
    keys = await vault.unlock(buyers.locked_keys(rows))
    found = [row for row in rows if _is_meant(ask.q, row, buyers.open_buyer(keys, row))]
    if len(found) <= limit and len(rows) == _MOST_OPENED:
        return Page(found, make_cursor(*_place(rows[-1])))  # Others may follow.
    return page_of(found[: limit + 1], limit, _place)


def _place(row: Record) -> tuple[object, ...]:
    return row["created_at"], row["id"]


def _is_meant(text: str, row: Record, buyer: buyers.Contact | Erased) -> bool:
    if row["number"] == text.strip().upper():
        return True
    return not isinstance(buyer, Erased) and all(says(buyer, word) for word in text.casefold().split()[:8])


def says(buyer: buyers.Contact, word: str) -> bool:
    """Whether a buyer's address, name, postal code or phone has this word, or begins with it."""
    address = folded_address(buyer.email)
    if "@" in word:
        return address == folded_address(word)
    digits = _digits(word)
    return (
        address.startswith(word)
        or any(part.startswith(word) for part in buyer.name.casefold().split())
        or _letters(buyer.address.postal_code) == _letters(word) != ""
        or (len(digits) >= 4 and _digits(buyer.phone).endswith(digits[-4:]))
    )


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdecimal())
