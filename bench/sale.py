"""A flash sale: very many watch, many want the same few goods, which are gone long before the end.

2,000 buyers (bench/flash_sale_load.py) ask for 100 SKUs of which there are 50 units each, while 10,000 clients watch.
Afterwards the shop's own auditor runs, and the units that were sold are counted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from sys import executable
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec
import psutil

from bench.fanout.measure import Came, allow_many_files, crowd
from bench.flash_sale_load import Seen
from bench.goods import put_on_shelves, sku
from bench.lag import CONNECTS_A_SECOND
from bench.quiescence import until_quiescent
from engine.services import open_services
from engine.settings import EngineSettings
from testkit.programs import command, dialogue, program

WATCHERS = 10_000
BUYERS = 2_000
SKUS = 100
UNITS = 50
SECONDS = 300

_SOLD = """
select l.sku, sum(l.quantity)::int as sold from orders.lines l join orders.orders o on o.id = l.order_id
where o.status <> 'cancelled' group by l.sku"""
_LAG = re.compile(r'^shopflow_live_lag_seconds_bucket\{le="([^"]+)"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True)
class Sale:
    """The outcome of a sale."""

    seen: Seen
    sold: int
    oversold: int
    audit: str
    came: Came  # To all who watch.
    frame_lag_ms: Mapping[float, float]  # From commit to frame, as the shop counts it: at most so much, by share.
    memory_mb: float  # The shop's process at the end.


async def measure(folder: Path) -> Sale:
    """Measure one sale."""
    allow_many_files()
    with program(folder / "shop") as shop:
        put_on_shelves(shop.folder, SKUS, units=UNITS)
        port = urlsplit(shop.url).port
        assert port is not None
        with crowd(port, WATCHERS, skus_each=1, skus=SKUS, per_second=CONNECTS_A_SECOND) as watching:
            words = [executable, "-m", "bench.flash_sale_load", shop.url, str(BUYERS), str(SKUS), str(SECONDS)]
            await watching.ask("0")
            with dialogue(words) as buying:
                seen = msgspec.json.decode(await buying.receive_later(), type=Seen)
            async with open_services(EngineSettings(shopflow_data=shop.folder)) as services:
                await until_quiescent(services.database)
                sold = {row["sku"]: row["sold"] for row in await services.database.fetch(_SOLD)}
            came = msgspec.json.decode(await watching.ask("0"), type=Came)
            lag_ms = _frame_lag_ms(shop.operations_url)
            memory_mb = psutil.Process(shop.process_id).memory_full_info().pss / 1e6
        audit = command(shop.folder, "audit").strip().splitlines()[-1]
    assert set(sold) <= {sku(number) for number in range(SKUS)}
    oversold = sum(max(0, units - UNITS) for units in sold.values())
    return Sale(seen, sum(sold.values()), oversold, audit, came, lag_ms, memory_mb)


def _frame_lag_ms(operations_url: str) -> Mapping[float, float]:
    """Read the shop's histogram: the upper bound of the lag by share of frames."""
    with urlopen(f"{operations_url}/metrics", timeout=10) as answer:
        buckets = [(float(bound), float(count)) for bound, count in _LAG.findall(answer.read().decode())]
    return {
        share: next(bound for bound, count in buckets if count >= share * buckets[-1][1]) * 1000
        for share in (0.5, 0.99)
    }
