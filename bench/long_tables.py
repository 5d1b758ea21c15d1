"""Tables of what takes longer: `make bench-full`."""

from pathlib import Path

import uvloop

from bench import aged, catalogue, growth, limits, sale, search, soak
from bench.report import ResultTable, percentile, spread
from bench.tables import fanout_table, search_table


def of_crowd(_folder: Path) -> ResultTable:
    """Live stock to 10,000 clients."""
    return fanout_table(10_000)


def of_sale(folder: Path) -> ResultTable:
    """A flash sale of five minutes."""
    done = uvloop.run(sale.measure(folder))
    table = ResultTable(
        f"A flash sale of {sale.SECONDS} s: {sale.WATCHERS:,} watch, {sale.BUYERS:,} buy",
        ("what", "figure"),
        aim="Aim: nothing oversold.",
    )
    table.add("units there were", f"{sale.SKUS * sale.UNITS:,}")
    table.add("units sold", f"{done.sold:,}")
    table.add("oversold", f"{done.oversold}")
    table.add("the auditor says", done.audit)
    for what, took_s in (
        ("holds", done.seen.held_s),
        ("refusals", done.seen.refused_s),
        ("checkouts with payment", done.seen.paid_s),
    ):
        times = (f"{percentile(took_s, share) * 1000:.0f} ms" for share in (0.5, 0.99))
        table.add(f"{len(took_s):,} {what}, p50 and p99", " and ".join(times))
    table.add("asked to come again (503)", f"{done.seen.put_off:,}")
    table.add("values that reached clients", f"{done.came.values:,}")
    table.add(
        "from commit to frame, p50 and p99 at most", " and ".join(f"{ms:.0f} ms" for ms in done.frame_lag_ms.values())
    )
    table.add("memory of the shop's process at the end", f"{done.memory_mb:.0f} MB")
    return table


def of_soak(folder: Path) -> ResultTable:
    """Ten minutes at one pace."""
    table = ResultTable(
        f"{soak.MINUTES} minutes: {soak.WATCHERS:,} watch, {soak.PURCHASES_A_SECOND} purchases a second",
        ("minute", "purchases", "p50, ms", "p99, ms", "values that reached clients", "memory of the shop, MB"),
        aim="Aim: the last minute is like the first, and nobody's connection is lost.",
    )
    for number, minute in enumerate(uvloop.run(soak.measure(folder)), 1):
        times = (f"{percentile(minute.took_s, share) * 1000:.0f}" for share in (0.5, 0.99))
        table.add(str(number), f"{len(minute.took_s):,}", *times, f"{minute.values:,}", f"{minute.memory_mb:.0f}")
    return table


def of_aged(folder: Path) -> ResultTable:
    """A shop that has sold for a while."""
    table = ResultTable(
        f"Purchases of {aged.BUYERS} buyers in a shop with {aged.ORDERS:,} orders behind it",
        ("shop", "purchases a second", "of the new one's"),
        aim="Aim: 0.95 of a new one's.",
    )
    row = uvloop.run(aged.measure(folder))
    for name, per_second in (("new", row.new), ("aged", row.aged)):
        shares = [each / new for each, new in zip(per_second, row.new, strict=True)]
        table.add(name, spread(per_second), spread(shares, 2))
    return table


def of_limits(folder: Path) -> ResultTable:
    """The cost of bounds on strangers."""
    table = ResultTable(
        "Purchases in a shop with its bounds on strangers, and in shops without",
        ("buyers", "shop", "purchases a second", "of the first's", "shop, ms each", "of the first's"),
        aim="Aim: 0.98 of the purchases of a shop without.",
    )
    rows = uvloop.run(limits.measure(folder))
    for row in rows:
        first = next(each for each in rows if each.buyers == row.buyers)
        speed, used = (
            [mine / theirs for mine, theirs in zip(*pair, strict=True)]
            for pair in ((row.per_second, first.per_second), (row.cpu_ms, first.cpu_ms))
        )
        table.add(
            str(row.buyers), row.shop, spread(row.per_second), spread(speed, 2), spread(row.cpu_ms, 1), spread(used, 2)
        )
    return table


def of_growth(folder: Path) -> ResultTable:
    """A shop with a million SKUs and a million orders."""
    table = ResultTable(
        f"A shop with {growth.MANY:,} SKUs and {growth.MANY:,} orders",
        ("one caller asks for", "in an empty shop, ms", "in the grown one, ms", "ratio"),
        aim="Aim: at most 1.3.",
    )
    for row in uvloop.run(growth.measure(folder)):
        table.add(row.what, spread(row.empty_ms, 2), spread(row.grown_ms, 2), f"{row.ratio:.2f}")
    return table


def of_million(folder: Path) -> ResultTable:
    """The search of 1,000,000 products."""
    return search_table(folder, search.MANY)


def of_catalogue(folder: Path) -> ResultTable:
    """A catalogue of a million SKUs."""
    table = ResultTable(f"A catalogue of {catalogue.SKUS:,} SKUs", ("what", "figure", "aim"))
    for line in catalogue.lines_of(uvloop.run(catalogue.measure(folder))):
        table.add(*line)
    return table
