"""The cost of each route, in units of a client address's allowance. The first line that covers a request counts.

A unit is about half a millisecond of the process, which a file costs; what gives units or mails away costs more. Lanes:
see gateway/limits.py.
"""

from collections.abc import Sequence
from typing import Final

from gateway.limits import RouteCost

_POST: Final = frozenset({"POST"})

COSTS: Final[Sequence[RouteCost]] = (
    RouteCost("/static/.*", 1),
    RouteCost("/media/.*", 1),
    RouteCost("/theme.css", 1),
    RouteCost("/health/.*", 1, "probes"),
    RouteCost("/webhooks/.*", 20, "signed"),
    RouteCost("/admin/api/.*", 20, "signed"),
    RouteCost("/admin/.*", 20, methods=_POST),
    RouteCost("/carts", 10, methods=_POST),
    RouteCost("/carts/[^/]+/checkout", 50),
    RouteCost("/carts/[^/]+/quote", 10),
    RouteCost("/carts/[^/]+/lines/.*", 10),
    RouteCost("/orders/[^/]+/reorder", 50, methods=_POST),
    RouteCost("/orders/[^/]+/.*", 20, methods=_POST),
    RouteCost("/orders?/[^/]+(/payment)?", 10),
    RouteCost("/checkout", 50, methods=_POST),
    RouteCost("/checkout", 20),
    RouteCost("/order/[^/]+/again", 60, methods=_POST),
    RouteCost("/order/[^/]+/.*", 20),
    RouteCost("/(customers|sessions|password-resets|login-codes|email-undo)(/.*)?", 40),
    RouteCost("/me/(password|email|passkeys)(/.*)?", 40, methods=_POST | {"PUT"}),
    RouteCost("/me/orders/claim", 40),
    RouteCost("/me/export", 75),
    RouteCost("/account/(sign-in|code|register|forgot|reset|undo|password|email)(/.*)?", 40, methods=_POST),
    RouteCost("/account/orders/claim", 40, methods=_POST),
    RouteCost("/account/export", 75),
    RouteCost("/account(/.*)?", 10),
    RouteCost("/basket(/lines)?", 20),  # The first line makes a cart, too.
    RouteCost("/me(/.*)?", 10),
    RouteCost("/live/events", 10),
    RouteCost("/products(/[^/]+/related)?", 8),
    RouteCost("/low-stock|/product-lookup", 12),
    RouteCost("/categories(/.*)?", 8),
    RouteCost("/collections/.*", 12),
    RouteCost("/|/(search|seen)|/[cp]/.*", 20),
    RouteCost("/sitemap.xml|/feeds/.*", 50),
    RouteCost(".*", 4),
)
