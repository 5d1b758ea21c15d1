"""The cost of each route, in units of a client address's allowance. The first line that covers a request counts.

One unit is what reading a file costs, a fifth of a millisecond. Lanes: see gateway/limits.py.
"""

from collections.abc import Sequence
from typing import Final

from gateway.limits import RouteCost

_POST: Final = frozenset({"POST"})

COSTS: Final[Sequence[RouteCost]] = (
    RouteCost("/static/.*", 1),
    RouteCost("/health/.*", 1, "probes"),
    RouteCost("/webhooks/.*", 20, "signed"),
    RouteCost("/admin/api/.*", 20, "signed"),
    RouteCost("/carts", 10, methods=_POST),
    RouteCost("/carts/[^/]+/checkout", 50),
    RouteCost("/carts/[^/]+/quote", 5),
    RouteCost("/carts/[^/]+/lines/.*", 5),
    RouteCost("/orders/[^/]+/.*", 10, methods=_POST),
    RouteCost("/live/events", 10),
    RouteCost(".*", 2),
)
