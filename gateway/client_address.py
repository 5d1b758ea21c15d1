"""The address of a client: the key of every bound that is kept per client.

A connection's own address can't be forged, but behind a proxy it is the proxy's. So X-Forwarded-For and Forwarded are
believed from trusted proxies only, and read from the right: each proxy adds the address that it was called from, and
everything to the left of the first untrusted address was written by a stranger. Sources: RFC 7239, 5.2 and 7.4; MDN,
"X-Forwarded-For".

X-Forwarded-For counts where both are there. A proxy that writes only Forwarded must remove the other.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
_Address: TypeAlias = IPv4Address | IPv6Address

LOCAL: Final = "local"  # Over a socket in the file system, which has no address.
_MOST_PROXIES = 20  # In a row.
_FOR: Final = re.compile(r'(?:^|[;,\s])for="?([^",;]*)', re.IGNORECASE)
_WITH_PORT: Final = re.compile(r"\[(.*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")  # RFC 7239, 6; Azure's X-Forwarded-For.


def read_networks(listed: str) -> tuple[Network, ...]:
    """Read addresses and networks, with commas between.

    Raises:
        ValueError: One of them is neither; the text names it.
    """
    return tuple(ip_network(each.strip(), strict=False) for each in listed.split(",") if each.strip())


class ClientAddresses:
    """Finds the address of a client, in the form under which its use is counted."""

    def __init__(self, proxies: Sequence[Network] = ()) -> None:
        self._proxies = proxies

    def of(self, peer: str, headers: Headers) -> str:
        """Return a client's address: an IPv4 address, the /64 of an IPv6 address, or "local".

        Args:
            peer: The address of the connection. Empty: it has none.
            headers: The request's, with names in lower case.
        """
        if self._proxies and self.is_proxy(peer):
            return self._behind(peer, headers)
        return counted_as(peer)

    def is_proxy(self, peer: str) -> bool:
        """Whether an address is a trusted proxy's."""
        return bool(self._proxies) and _is_within(_parsed(peer), self._proxies)

    def _behind(self, proxy: str, headers: Headers) -> str:
        nearest = proxy
        for hop in _hops(headers)[-1 : -1 - _MOST_PROXIES : -1]:
            address = _parsed(hop)
            if address is None:  # "unknown", "_hidden" or nonsense: only the proxy that wrote it is known.
                break
            nearest = str(address)
            if not _is_within(address, self._proxies):
                break
        return counted_as(nearest)


@lru_cache(4096)
def counted_as(peer: str) -> str:
    """Return the form under which an address is counted: a home or a host has a whole /64 of IPv6 addresses."""
    address = _parsed(peer)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address) if address else LOCAL


@lru_cache(4096)
def network_of(counted: str) -> str:
    """Return the network of a client, as `counted_as` names it: a /24 of IPv4, a /48 of IPv6. Who has one has many."""
    if counted == LOCAL:
        return LOCAL
    network = ip_network(counted, strict=False)
    bits = 48 if isinstance(network, IPv6Network) else 24
    return str(network.supernet(new_prefix=bits) if network.prefixlen > bits else network)


def _hops(headers: Headers) -> list[str]:
    named = list(headers)
    if forwarded_for := [value for name, value in named if name == b"x-forwarded-for"]:
        return b",".join(forwarded_for).decode("latin-1").split(",")
    return _FOR.findall(b",".join(value for name, value in named if name == b"forwarded").decode("latin-1"))


def _parsed(text: str) -> _Address | None:
    """Read an address, with a port or without; None if it is none. IPv4 within IPv6 is IPv4."""
    text = text.strip()
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _is_within(address: _Address | None, networks: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in networks)
