"""Pictures at addresses that a file names, fetched so that nobody is sent where the shop alone can go.

An address is looked up once, and what was looked up is what is connected to: a name that leads to another place a
moment later leads nowhere. Source: OWASP, "Server-Side Request Forgery Prevention".
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bus.messages.media import MOST_BYTES, image_hash
from engine.errors import BadInput
from engine.outside import Unwelcome, refuse_redirects
from engine.settings import Settings, listed, meaning

_WITHIN: Final = aiohttp.ClientTimeout(total=30, connect=10, sock_read=10)
_AT_ONCE: Final = 4
_LONGEST: Final = 2048  # Characters of an address.
_PORTS: Final = {"http": 80, "https": 443}
# Addresses of IPv4 within those of IPv6. Source: RFC 6052, 2.1.
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")


# As sockets have it: family, type, protocol, name, and the address with its port.
_AddressInfo: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]


class FetchSettings(Settings, frozen=True, kw_only=True):
    """The fetching of pictures for imports."""

    shopflow_fetch_hosts: Annotated[
        str,
        meaning(
            "Hosts from which imports may fetch pictures although they are in a private network, as host:port with "
            "commas between. All public ones are allowed, at ports 80 and 443."
        ),
    ] = ""

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts, each with its port."""
        return frozenset(each.lower() for each in listed(self.shopflow_fetch_hosts))


class Fetched(NamedTuple):
    """A file that was fetched: its name by content, as pictures have it, and its bytes."""

    id: str
    size: int


class Fetcher:
    """Fetches files into files, few at once. Each has bounds in bytes and time."""

    def __init__(self, session: aiohttp.ClientSession, hosts: frozenset[str]) -> None:
        self._session = session
        self._hosts = hosts

    async def fetch(self, address: str, file: Path) -> Fetched:
        """Fetch a file.

        Raises:
            BadInput: It can't be had, for the reason that the text gives. It is no fault of the shop's.
        """
        url = read_address(address, self._hosts)
        try:
            async with self._session.get(url, headers={"Accept": "image/*"}) as answer:
                if answer.status != 200:
                    raise BadInput(f"its server answers {answer.status}")
                return await _copied(answer, file)
        except Unwelcome as refused:
            raise BadInput(str(refused)) from refused
        except TimeoutError as late:
            raise BadInput("its server does not answer in time") from late
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise BadInput(f"it can't be fetched: {_cause(error)}") from error


@asynccontextmanager
async def open_fetcher(settings: FetchSettings) -> AsyncIterator[Fetcher]:
    """Open a fetcher until the block ends."""
    connector = aiohttp.TCPConnector(
        limit=_AT_ONCE, resolver=_CheckedResolver(settings.hosts), use_dns_cache=False, force_close=True
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=_WITHIN,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # A few bytes could become many; pictures are packed already.
        headers={"User-Agent": "ShopFlow", "Accept-Encoding": "identity"},
        middlewares=(refuse_redirects,),
    ) as session:
        yield Fetcher(session, settings.hosts)


def read_address(address: str, hosts: frozenset[str]) -> URL:
    """Read an address from which may be fetched.

    Raises:
        BadInput: It is none.
    """
    try:
        url = URL(address)
        host, port = (url.host or "").lower(), url.port
    except ValueError as error:
        raise BadInput("it is no address") from error
    if len(address) > _LONGEST or url.scheme not in _PORTS or not host:
        raise BadInput("an address begins with https:// or http://, and names a host")
    if url.user is not None or url.password is not None:
        raise BadInput("an address with a password in it is not asked")
    if f"{host}:{port}" in hosts:
        return url
    if port != _PORTS[url.scheme]:
        raise BadInput("only ports 80 and 443 are asked")
    if (literal := _literal(host)) is not None and not is_public(literal):
        raise BadInput("it leads into a private network")
    return url


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the public internet, and no other way to write one that may not be."""
    if isinstance(address, IPv6Address) and (
        address.ipv4_mapped is not None
        or address.sixtofour is not None
        or address.teredo is not None
        or address in _TRANSLATED
        or address.scope_id is not None
    ):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class _CheckedResolver(AbstractResolver):
    """Looks a name up, once for each connection, and keeps of what it finds what is public."""

    def __init__(self, hosts: frozenset[str]) -> None:
        self._hosts = hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await _lookup(host, port, family)
        is_listed = f"{host.lower()}:{port}" in self._hosts
        fine = [
            ResolveResult(
                hostname=host, host=str(at[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, at in found
            if is_listed or is_public(ip_address(str(at[0])))
        ]
        if not fine:
            raise Unwelcome("it leads into a private network")
        return fine

    async def close(self) -> None:
        """Nothing is open."""


async def _lookup(host: str, port: int, family: socket.AddressFamily) -> Sequence[_AddressInfo]:
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is an address.

    Raises:
        BadInput: It is a number, but none as everybody reads it: 127.1, 0x7f.1 or 2130706433.
    """
    try:
        return ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        if last.isdigit() or last.startswith("0x") or host.endswith("."):
            raise BadInput("it is no address that all read alike") from None
        return None


async def _copied(answer: aiohttp.ClientResponse, file: Path) -> Fetched:
    named, size = image_hash(), 0
    with file.open("wb") as copy:
        async for piece in answer.content.iter_any():
            size += len(piece)
            if size > MOST_BYTES:
                raise BadInput(f"it is larger than {MOST_BYTES >> 20} MB")
            named.update(piece)
            copy.write(piece)
    if not size:
        raise BadInput("it is empty")
    return Fetched(named.hexdigest(), size)


def _cause(error: BaseException) -> str:
    """The innermost reason, for people; never more than a line of it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:200] or type(error).__name__
