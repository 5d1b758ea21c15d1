"""The search's part of the audit: the index of this process beside the products that are on sale.

An index is behind by design, for moments. So it is brought to the last change first; what differs is judged only if no
change of the product came since, and if it still differs after some seconds: an event may be on its way.
"""

from collections.abc import Mapping
from typing import Final

import anyio
from anyio import to_thread

from actors.search import store
from actors.search.indexer import Indexer
from bus.messages.audit import CheckId, Finding, Findings, Remedy
from bus.messages.base import ProductId
from bus.messages.catalog_copies import ListStamps
from engine.actor import Bus
from engine.postgres import Database

_MOST: Final = 1000  # Findings.
_POLLS: Final = 10
_POLL_S: Final = 0.3


async def audit(bus: Bus, database: Database, indexer: Indexer) -> Findings:
    """Compare index and products."""
    still, checked = await _differences(bus, database, indexer)
    for _ in range(_POLLS):
        if not still:
            break
        await anyio.sleep(_POLL_S)
        again, _ = await _differences(bus, database, indexer)
        still = {about: each for about, each in still.items() if again.get(about) == each}
    found = [_finding(about, check, detail) for about, (check, detail) in sorted(still.items())[:_MOST]]
    return Findings(findings=tuple(found), checked=checked)


async def _differences(
    bus: Bus, database: Database, indexer: Indexer
) -> tuple[dict[ProductId, tuple[CheckId, str]], int]:
    """List what differs and is not under way, and count the products on sale."""
    if not await indexer.catch_up() or indexer.finder is None:
        return {}, 0  # Another process is at it.
    finder = indexer.finder
    indexed = await to_thread.run_sync(finder.revisions)
    on_sale = await _on_sale(bus)
    differ = differences(indexed, on_sale)
    moving = await store.changed_among(database, finder.place, sorted(differ))
    return {about: each for about, each in differ.items() if about not in moving}, len(on_sale)


async def _on_sale(bus: Bus) -> dict[ProductId, int]:
    found: dict[ProductId, int] = {}
    after: ProductId | None = ""
    while after is not None:
        page = await bus.ask(ListStamps(after=after))
        found |= {each.id: each.revision for each in page.stamps}
        after = page.next
    return found


def differences(
    indexed: Mapping[ProductId, int], on_sale: Mapping[ProductId, int]
) -> dict[ProductId, tuple[CheckId, str]]:
    """Compare the revisions of products in the index with those on sale."""
    differ: dict[ProductId, tuple[CheckId, str]] = {}
    for product_id, revision in on_sale.items():
        if product_id not in indexed:
            differ[product_id] = "product_is_indexed", "it is on sale, and not in the search's index"
        elif indexed[product_id] != revision:
            detail = f"the search's index has revision {indexed[product_id]} of it, the catalog {revision}"
            differ[product_id] = "product_is_indexed", detail
    for product_id in indexed.keys() - on_sale.keys():
        differ[product_id] = "indexed_is_on_sale", "it is in the search's index, and not on sale"
    return differ


def _finding(about: ProductId, check: CheckId, detail: str) -> Finding:
    return Finding(check=check, about=about, detail=detail, remedy=Remedy(action="repair", target=about))
