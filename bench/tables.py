"""Tables of what `make bench` measures."""

import asyncio
from pathlib import Path

import uvloop

from bench import holds, imports, lag, orders, pages, pictures, purchases, queues, search, split, start
from bench.fanout import measure as fanout
from bench.memory import measure as memory
from bench.report import ResultTable, percentile, spread


def of_memory(_folder: Path) -> ResultTable:
    """Messages in memory."""
    rows = asyncio.run(memory.measure())
    ours, bare = rows[0], rows[1]
    table = ResultTable(
        "A message in memory",
        ("library", "tells a second", "asks a second", "ours, tell", "ours, ask"),
        aim=f"Aim: 3 times Pykka's tells, 10 times its asks, 40 % of a bare queue ({ours.tell / bare.tell:.0%} here).",
    )
    for row in rows:
        ratios = (f"{ours.tell / row.tell:.1f} times", f"{ours.ask / row.ask:.1f} times")
        table.add(row.library, spread(row.rates.tell), spread(row.rates.ask), *ratios)
    return table


def of_holds(folder: Path) -> ResultTable:
    """Turns, beside one transaction for each message."""
    rows = uvloop.run(holds.measure(folder))
    bare = next(row.median for row in rows if row.way == holds.BARE)
    table = ResultTable(
        "Stock holds on disk",
        ("callers", "way", "holds a second", "messages in a transaction", "of bare commits a second"),
        aim="Aim: 20,000 a second for 512 callers, and for one at least two thirds of the bare commits.",
    )
    for row in rows:
        messages = f"{row.messages_per_transaction:,.1f}"
        table.add(str(row.callers), row.way, spread(row.per_second), messages, f"{row.median / bare:.2f}")
    return table


def of_orders(folder: Path) -> ResultTable:
    """Whole orders in the engine."""
    table = ResultTable(
        "Whole orders in the engine",
        ("callers", "orders a second", "Python, ms each", "PostgreSQL, ms each"),
        aim="Aim: 3,000 a second for 512 callers.",
    )
    for row in uvloop.run(orders.measure(folder)):
        python, postgres = (row.cpu_s[who] * 1000 for who in ("shop", "PostgreSQL"))
        table.add(str(row.callers), spread(row.per_second), f"{python:.2f}", f"{postgres:.2f}")
    return table


def of_purchases(folder: Path) -> ResultTable:
    """Whole purchases over HTTP."""
    whose = ("shop", "PostgreSQL", "Valkey", "sandbox", "load")
    table = ResultTable(
        "Whole purchases over HTTP",
        ("buyers", "purchases a second", "p50, ms", "p99, ms", *(f"{who}, ms each" for who in whose)),
        aim="Aim: 250 a second for 32 buyers, 25 ms for one, 6 ms for shop and PostgreSQL together.",
    )
    for row in uvloop.run(purchases.measure(folder / "shop")):
        times = (f"{row.percentile_ms(share):.0f}" for share in (0.5, 0.99))
        used = (f"{row.cpu_s[who] * 1000:.2f}" for who in whose)
        table.add(str(row.buyers), spread(row.per_second), *times, *used)
    return table


def of_fanout(_folder: Path) -> ResultTable:
    """Live stock to 1,000 clients."""
    return fanout_table(1_000)


def fanout_table(clients: int) -> ResultTable:
    """Live stock to so many clients."""
    table = ResultTable(
        f"A change to {clients:,} clients",
        ("server", "changes at once", "us for each value", "times the bare write", "KiB for each client"),
        aim="Aim: 1.15 of the bare write, ahead of all others, a fifth of it when changes come together; 8 KiB.",
    )
    rows = asyncio.run(fanout.measure(clients))
    bare = {row.shared: row.median for row in rows if row.server == "bare write"}
    for row in rows:
        ratio = f"{row.median / bare[row.shared]:.2f}"
        table.add(row.server, str(row.shared), spread(row.us, 1), ratio, f"{row.kib:.1f}")
    return table


def of_lag(folder: Path) -> ResultTable:
    """How old live stock is."""
    table = ResultTable(
        f"From the request that changes stock to the client that has it, {lag.CHANGES_A_SECOND} changes a second",
        ("clients", "p50, ms", "p99, ms"),
        aim="Aim: 50 ms for 99 of 100, counted from the commit; here the request, its turn and its commit are in it.",
    )
    for clients in (1_000, 10_000):
        row = uvloop.run(lag.measure(folder / str(clients), clients))
        table.add(
            f"{clients:,}", *(spread([percentile(run, share) for run in row.lags_ms], 1) for share in (0.5, 0.99))
        )
    return table


def of_queues(folder: Path) -> ResultTable:
    """Messages over SQS, beside a bare loop."""
    table = ResultTable(
        "Messages over SQS",
        ("way", "ours, a second", "bare aiobotocore, a second", "ratio", "messages in a request"),
        aim="Aim: 0.9 of the bare loop, 8 messages in a request.",
    )
    for row in uvloop.run(queues.measure(folder)):
        each = ", ".join(f"{count:.1f} a {operation}" for operation, count in row.per_request.items())
        table.add(row.what, spread(row.ours), spread(row.bare), f"{row.ratio:.2f}", each)
    return table


def of_split(folder: Path) -> ResultTable:
    """Checkouts in one process, and in three."""
    cost = uvloop.run(split.measure(folder))
    table = ResultTable("A split shop", ("one buyer's checkout in", "p50, ms"))
    table.add("one process", f"{cost.whole_ms:.0f}")
    table.add("three processes", f"{cost.split_ms:.0f}")
    table.add("(one message there and back, alone)", f"{cost.round_trip_ms:.0f}")
    return table


def of_start(folder: Path) -> ResultTable:
    """A fresh clone."""
    figures = start.measure(folder)
    table = ResultTable(
        "A fresh clone",
        ("what", "ShopFlow", "aim"),
        aim="For scale, measured on such machines: others took 3 to 5 minutes, 3.5 to 18 s, 0.8 GB, and 0.6 to 1.7 GB.",
    )
    table.add("first `make run`, with what it installs, until it is ready", f"{figures.fresh_s:.0f} s", "120 s")
    table.add("second `make run`", f"{figures.second_s:.1f} s", "5 s")
    table.add("on disk, all that it installed included", f"{figures.disk_mb:.0f} MB", "300 MB")
    table.add("memory of all its processes, at rest", f"{figures.memory_mb:.0f} MB", "200 MB")
    for program, used_mb in sorted(figures.memory_by_program_mb.items()):
        table.add(f"... of {program}", f"{used_mb:.0f} MB", "")
    return table


def of_pictures(folder: Path) -> ResultTable:
    """Pictures of 12 megapixels."""
    table = ResultTable(
        "A picture of 12 megapixels, from its first byte until it can be shown",
        ("senders", "p50, s", "p95, s", "the shop's own memory grew by"),
        aim="Aim: 2.5 s for 95 of 100, and 5 MB for all of them; AVIF is made beside it.",
    )
    for row in uvloop.run(pictures.measure(folder / "shop")):
        times = (f"{percentile(row.took_s, share):.2f}" for share in (0.5, 0.95))
        table.add(str(row.senders), *times, f"{row.grew_mb:.1f} MB")
    return table


def of_search(folder: Path) -> ResultTable:
    """The search of 100,000 products."""
    return search_table(folder, search.PRODUCTS)


def search_table(folder: Path, products: int) -> ResultTable:
    """The search of so many products."""
    done = uvloop.run(search.measure(folder, products))
    table = ResultTable(
        f"Finding goods among {products:,}",
        ("what", "ShopFlow", "PostgreSQL's full text"),
        aim="Aim for 100,000: p99 below 5 ms, 500 searches a second and core, found within a second, 40 MB.",
    )
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        times = (f"{percentile(each, share):.1f} ms" for each in (done.ours_ms, done.postgres_ms))
        table.add(f"a page with six facets and two filters, over HTTP here, {name}", *times)
    times = (f"{percentile(done.in_index_ms, share):.1f} ms" for share in (0.5, 0.99))
    table.add("processor time of such a search in the index alone, p50 and p99", " and ".join(times), "")
    table.add("searches a second of one core, over HTTP", f"{done.searches_of_a_core:,.0f}", "")
    found = (f"{percentile(done.found_after_ms, share):.0f} ms" for share in (0.5, 0.99))
    table.add("from the answer to a change until it is found, p50 and p99", " and ".join(found), "")
    table.add("building the index", f"{done.built_s:.1f} s", "")
    table.add("the index on disk", f"{done.index_mb:.1f} MB", "")
    table.add("memory for building and opening it", f"{done.memory_mb:.0f} MB", "")
    return table


def of_imports(folder: Path) -> ResultTable:
    """Imports of goods files, and a product of 2,048 SKUs."""
    table = ResultTable(
        f"Goods files of {imports.SKUS:,} SKUs, and a product with as many as one may have",
        ("what", "figure", "aim"),
    )
    for row in uvloop.run(imports.measure(folder / "files")):
        table.add(row.what, f"{row.per_second:,.0f} SKUs a second", "5,000")
        table.add("... the process grew by", f"{row.grew_mb:.0f} MB", "")
    big = uvloop.run(imports.measure_big(folder / "big"))
    table.add(f"setting a product of {big.skus:,} SKUs over HTTP", f"{spread(big.set_ms)} ms", "300 ms")
    table.add("reading it to edit it", f"{spread(big.read_ms)} ms", "100 ms")
    return table


def of_pages(folder: Path) -> ResultTable:
    """Pages of products."""
    table = ResultTable(
        "Pages of products, from the cache and from the database",
        ("what", "a second", "a second of the shop's core", "p50, ms", "p99, ms"),
        aim="Aim: 5,000 pages a second of a core, and 5 ms for 99 of 100 at 2,000 a second.",
    )
    for row in uvloop.run(pages.measure(folder / "shop")):
        times = (f"{row.percentile_ms(share):.1f}" for share in (0.5, 0.99))
        table.add(row.what, spread(row.per_second), spread(row.per_core), *times)
    return table
