"""The shop's sample goods, as the index knows them."""

import csv
from functools import cache
from pathlib import Path

from actors.search.findable import Findable

SAMPLE = Path(__file__).parents[3] / "cli" / "sample.csv"


@cache
def sample_goods() -> tuple[Findable, ...]:
    rows: dict[str, list[dict[str, str]]] = {}
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["product_id"], []).append(row)
    return tuple(
        Findable(
            id=product_id,
            title=of[0]["title"],
            keys=(of[0]["category"], *(row["sku_title"] for row in of)),
            codes=(product_id, *(row["sku"] for row in of)),
            body=of[0]["description"],
            facets={"category": (of[0]["category"],)},
            price=min(int(row["price"]) for row in of),
        )
        for product_id, of in rows.items()
    )
