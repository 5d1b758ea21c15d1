"""The two interfaces between the pieces of the live edge: of one websocket, and of all of them.

A websocket knows `Connections`, the registry knows `Connection`; only the hub imports the classes behind them.
"""

from abc import abstractmethod
from asyncio import AbstractEventLoop, Transport
from http import HTTPStatus
from typing import Protocol

from websockets.frames import CloseCode

from gateway.live.messages import Request
from gateway.live.settings import LiveSettings
from gateway.live.topics import Subscriber
from gateway.rate_limit import RateLimit


class Connection(Subscriber):
    """A websocket as the registry sees it: its slot, its ping, and the ways to end it."""

    __slots__ = ("address", "session", "shown", "slot", "staff", "transport")

    def __init__(self) -> None:
        super().__init__()
        self.address = ""  # Of the client, behind proxies too.
        self.session = ""  # The token in its handshake's cookie.
        self.staff = ""  # The token of staff in its handshake, of a cookie or the Authorization header.
        self.shown: frozenset[str] = frozenset()  # Tokens of staff that are checked for it.
        self.slot: int | None = None
        self.transport: Transport

    @abstractmethod
    def ping(self) -> None:
        """Ping the client; close the connection if the last ping was not answered."""

    @abstractmethod
    def evict(self, reason: str) -> None:
        """Close the connection because the client is too slow; it may reconnect."""

    @abstractmethod
    def close(self, code: CloseCode, reason: str) -> None:
        """Send a close frame, and cut the connection if none comes back in time."""


class Connections(Protocol):
    """All websockets, as seen by each of them."""

    @property
    def settings(self) -> LiveSettings:
        """The bounds of the edge."""

    @property
    def messages(self) -> RateLimit:
        """The limit on messages of one client."""

    @property
    def loop(self) -> AbstractEventLoop:
        """The event loop that all of them live in."""

    def turns_away(self, address: str) -> tuple[HTTPStatus, float] | None:
        """Return why a handshake from an address is refused, and in how many seconds to retry; None if it may go on."""

    def joined(self, client: Connection) -> None:
        """Register a client after its handshake."""

    def forget(self, client: Connection) -> None:
        """End all subscriptions of a client."""

    def left(self, client: Connection) -> None:
        """Forget a client whose connection is lost."""

    def became_slow(self, client: Connection) -> None:
        """Start the time in which a slow client must read its backlog."""

    def caught_up(self, client: Connection) -> None:
        """Stop the time of a client that has read its backlog."""

    def handle(self, client: Connection, request: Request) -> None:
        """Execute a client's request.

        Raises:
            LiveRefusal: The request breaks a bound.
        """
