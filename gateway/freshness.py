"""How long caches on the way may show a page of the catalogue. Sources: RFC 9111; RFC 5861.

A browser asks each time, with the ETag of what it has. A CDN may show words that are half a minute old, older ones
while it asks for new ones, and those of a day while the shop does not answer. Prices that are charged are never read
from it. Nothing is shown longer than it is for sale.
"""

from collections.abc import Mapping
from typing import Final

_SHARED_S: Final = 30
_WHILE_ASKING_S: Final = 300
_WHILE_DOWN_S: Final = 86_400

NEVER_KEPT: Final = {"Cache-Control": "no-store"}  # What is not the same for everybody.


def public_headers(left_s: float) -> Mapping[str, str]:
    """Make the headers of a page that is the same for everybody and will be another in so many seconds."""
    left = max(0, int(min(left_s, _WHILE_DOWN_S)))
    shared, asking = min(_SHARED_S, left), min(_WHILE_ASKING_S, left)
    stale = f"stale-while-revalidate={asking}, stale-if-error={left}"
    return {"Cache-Control": f"public, max-age=0, s-maxage={shared}, {stale}"}
