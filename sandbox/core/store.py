"""The sandbox's database: SQLite, so that a kill -9 loses nothing that was answered.

Each kind of object is a table of JSON with its searchable columns beside it. SQLite is also the read model: a lookup
costs some 10 us, and memory stays small however many payments there are. `synchronous=off` survives the death of the
process (not of the machine), which is all a sandbox promises.

Rejected: docs/decisions/0016.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T", bound=Struct)
Value = str | int | float

_MAPPED_BYTES = 2**30  # Of address space; memory is the page cache's.
PRUNE_EVERY = 256  # Inserts between two checks of a table's bound.


class Page(Struct, frozen=True, kw_only=True):
    """The rows that a list asks for, newest first. `after` and `before` are ids, as in Stripe's lists."""

    limit: int = 10
    after: str | None = None
    before: str | None = None
    created_from: float | None = None  # Unix seconds, both ends included.
    created_to: float | None = None
    ref: str | None = None
    ref2: str | None = None
    ref_globs: tuple[str, ...] = ()  # `*` stands for anything; one of them is enough.


class Store:
    """The database: one file, or memory."""

    def __init__(self, directory: Path | None) -> None:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if directory is None else str(directory / "sandbox.sqlite3")
        self.db = sqlite3.connect(path, isolation_level=None)
        # One process owns the file: without shared locks a commit is one write.
        self.db.executescript("pragma locking_mode=exclusive; pragma journal_mode=wal; pragma synchronous=off;")
        # Ids are random, so the pages of their indexes are soon too many for SQLite's own cache of two megabytes. With
        # 60,000 objects, adding one took 0.52 ms with reads, and 0.23 ms where the file is mapped. (A cache of 64
        # megabytes made it slower.)
        self.db.execute(f"pragma mmap_size={_MAPPED_BYTES}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in a transaction, or as part of the one that is already open."""
        if self.db.in_transaction:
            yield
            return
        self.db.execute("begin")
        try:
            yield
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def close(self) -> None:
        self.db.close()


class Table(Generic[T]):
    """Objects of one kind, by id, at most `keep` of them: the oldest go first."""

    def __init__(self, store: Store, name: str, kind: type[T], keep: int) -> None:
        self._db = store.db
        self._name = name
        self._keep = keep
        self._inserts = 0
        self._decoder = msgspec.json.Decoder(kind)
        self._encoder = msgspec.json.Encoder()
        self._insert = self._sql("insert or replace into TABLE (id, created, ref, ref2, body) values (?, ?, ?, ?, ?)")
        self._select = self._sql("select body from TABLE where id = ?")
        self._create()

    def _sql(self, text: str) -> str:
        return text.replace("TABLE", self._name)

    def _create(self) -> None:
        self._db.executescript(
            self._sql("""
            create table if not exists TABLE (
                seq integer primary key, id text not null unique, created real not null,
                ref text not null, ref2 text not null, body blob not null);
            create index if not exists TABLE_created on TABLE (created);
            create index if not exists TABLE_ref on TABLE (ref) where ref <> '';
            create index if not exists TABLE_ref2 on TABLE (ref2) where ref2 <> '';
            """)
        )

    def get(self, key: str) -> T | None:
        row = self._db.execute(self._select, (key,)).fetchone()
        return None if row is None else self._decoder.decode(row[0])

    def add(self, key: str, item: T, created: float, ref: str = "", ref2: str = "") -> None:
        self._db.execute(self._insert, (key, created, ref, ref2, self._encoder.encode(item)))
        self._inserts += 1
        if self._inserts % PRUNE_EVERY == 0:
            self._prune()

    def update(self, key: str, item: T) -> None:
        self._db.execute(self._sql("update TABLE set body = ? where id = ?"), (self._encoder.encode(item), key))

    def delete(self, key: str) -> None:
        self._db.execute(self._sql("delete from TABLE where id = ?"), (key,))

    def delete_before(self, created: float) -> None:
        self._db.execute(self._sql("delete from TABLE where created < ?"), (created,))

    def all(self) -> list[T]:
        """All objects of the table, oldest first."""
        rows = self._db.execute(self._sql("select body from TABLE order by seq"))
        return [self._decoder.decode(body) for (body,) in rows]

    def keys(self) -> list[tuple[float, str]]:
        rows = self._db.execute(self._sql("select created, id from TABLE order by created, seq"))
        return [(float(created), str(key)) for created, key in rows]

    def count(self) -> int:
        return int(self._db.execute(self._sql("select count(*) from TABLE")).fetchone()[0])

    def by_ref(self, ref: str) -> list[T]:
        return self._many("select body from TABLE where ref = ? and ref <> '' order by seq", ref)

    def by_ref2(self, ref2: str) -> list[T]:
        return self._many("select body from TABLE where ref2 = ? and ref2 <> '' order by seq", ref2)

    def ref_contains(self, part: str, limit: int) -> list[T]:
        """The objects whose `ref` contains `part`, newest first. Reads the whole index of `ref`, which is short."""
        return self._many(
            "select body from TABLE where instr(ref, ?) and ref <> '' order by seq desc limit ?", part, limit
        )

    def page(self, page: Page) -> tuple[list[T], bool]:
        """The rows, newest first, and whether there are more in the direction of travel.

        Raises:
            KeyError: `after` or `before` names nothing.
        """
        where, values = self._conditions(page)
        way = "asc" if page.before is not None else "desc"
        sql = f"select body from TABLE where {' and '.join(where)} order by created {way}, seq {way} limit ?"  # noqa: S608 - no value in it
        found = self._many(sql, *values, page.limit + 1)
        items = found[: page.limit]
        return (items[::-1] if way == "asc" else items), len(found) > page.limit

    def _conditions(self, page: Page) -> tuple[list[str], list[Value]]:
        where, values = ["true"], list[Value]()
        if page.ref is not None:
            where.append("ref = ? and ref <> ''")
            values.append(page.ref)
        if page.ref2 is not None:
            where.append("ref2 = ? and ref2 <> ''")
            values.append(page.ref2)
        if page.ref_globs:
            where.append(f"({' or '.join(['ref glob ?'] * len(page.ref_globs))})")
            values += page.ref_globs
        if page.created_from is not None:
            where.append("created >= ?")
            values.append(page.created_from)
        if page.created_to is not None:
            where.append("created <= ?")
            values.append(page.created_to)
        for cursor, sign in ((page.after, "<"), (page.before, ">")):
            if cursor is not None:
                where.append(f"(created, seq) {sign} (?, ?)")
                values += self._place(cursor)
        return where, values

    def _place(self, key: str) -> tuple[float, int]:
        row = self._db.execute(self._sql("select created, seq from TABLE where id = ?"), (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return float(row[0]), int(row[1])

    def _many(self, sql: str, *values: Value) -> list[T]:
        return [self._decoder.decode(body) for (body,) in self._db.execute(self._sql(sql), values)]

    def _prune(self) -> None:
        sql = "delete from TABLE where seq <= (select seq from TABLE order by seq desc limit 1 offset ?)"
        self._db.execute(self._sql(sql), (self._keep,))
