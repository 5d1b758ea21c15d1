"""Ways to other machines that are not encrypted. They are allowed, as in a private network, but said aloud.

Rejected: to refuse them. A network of containers has no certificates as a rule, and a shop in it would not start.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from wiring.domains import ShopSettings

_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})  # Source: libpq, "SSL Support", sslmode.


def plain_ways(settings: ShopSettings) -> Iterator[str]:
    """Name each setting whose address is on another machine and not encrypted, with what would encrypt it."""
    if _is_plain_postgres(settings.engine.database_url):
        yield "DATABASE_URL: the way to PostgreSQL may be read by others; add ?sslmode=verify-full"
    if _is_plain(settings.engine.redis_url, "redis", "valkey"):
        yield "REDIS_URL: the way to Redis can be read by others; rediss:// encrypts it"
    if _is_plain(settings.carrier.carrier_url, "http"):
        yield "CARRIER_URL: the way to the carrier can be read by others, addresses of buyers included; use https://"
    if _is_plain(settings.stripe.stripe_api_base, "http"):
        yield "STRIPE_API_BASE: the way to Stripe can be read by others; use https://"
    if _is_plain(settings.sqs.aws_endpoint_url, "http"):
        yield "AWS_ENDPOINT_URL: the way to the queues can be read by others; use https://"


def _is_plain(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # It is no URL, which shows when it is used.
        return False
    return parts.scheme in schemes and not _is_here(parts.hostname or "")


def _is_plain_postgres(url: str) -> bool:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    is_encrypted = (query.get("sslmode") or query.get("ssl") or [""])[-1] in _ENCRYPTED
    return bool(url) and not is_encrypted and not all(_is_here(host) for host in _hosts(parts, query))


def _hosts(parts: SplitResult, query: dict[str, list[str]]) -> Iterator[str]:
    """Yield the hosts of a PostgreSQL's URL, which may have several: before the path, or as a parameter."""
    yield from ",".join(query.get("host", [])).split(",")
    for place in parts.netloc.rpartition("@")[2].split(","):
        yield urlsplit(f"//{place}").hostname or ""


def _is_here(host: str) -> bool:
    """Whether a host is this machine: a socket's folder, or loopback. "" is the default, which is one of them."""
    if host in {"", "localhost"} or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
