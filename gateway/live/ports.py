"""Two views that the pieces of the live edge have of each other: of one websocket, and of all of them.

A websocket knows `Connections`, the roster knows `Connection`; only the hub imports the classes behind them.
"""

from abc import abstractmethod
from asyncio import AbstractEventLoop, Transport
from typing import Protocol

from websockets.frames import CloseCode

from gateway.live.messages import Request
from gateway.live.rate_limit import RateLimit
from gateway.live.settings import LiveSettings
from gateway.live.topics import Subscriber


class Connection(Subscriber):
    """One websocket: its place in the roster, and the ways in which the roster ends it."""

    __slots__ = ("seat", "transport")

    def __init__(self) -> None:
        super().__init__()
        self.seat: int | None = None
        self.transport: Transport

    @abstractmethod
    def ping(self) -> None:
        """Ask whether it is there; close it if it did not answer the last time."""

    @abstractmethod
    def evict(self, reason: str) -> None:
        """Close it for being too slow; it is welcome to come back."""

    @abstractmethod
    def close(self, code: CloseCode, reason: str) -> None:
        """Send a close frame, and cut the connection if none comes back in time."""


class Connections(Protocol):
    """All websockets, as each of them reports to them."""

    @property
    def settings(self) -> LiveSettings:
        """The bounds of the edge."""

    @property
    def messages(self) -> RateLimit:
        """How many messages one client may send."""

    @property
    def loop(self) -> AbstractEventLoop:
        """The event loop that all of them live in."""

    def wait_s(self) -> float:
        """Whether a handshake may go on (0), or in how many seconds to come back."""

    def joined(self, client: Connection) -> None:
        """Take a client in, whose handshake is done."""

    def forget(self, subscriber: Subscriber) -> None:
        """End all subscriptions of this one."""

    def left(self, client: Connection) -> None:
        """Forget a client whose connection is lost."""

    def became_slow(self, client: Connection) -> None:
        """Start the time in which a client must read what waits for it."""

    def caught_up(self, client: Connection) -> None:
        """End that time."""

    def obey(self, client: Connection, request: Request) -> None:
        """Do what a client asks.

        Raises:
            LiveRefusal: It will not be done.
        """
