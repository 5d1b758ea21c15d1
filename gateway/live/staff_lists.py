"""The live lists of staff: what flows between the actors, and the orders whose status has changed.

Each is put together once a second for all who watch it, and not at all while nobody does. A socket that reads too
slowly misses a list: the next one of the flow holds all counts again, and one of orders says that some are missing.
"""

import asyncio
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from bus.messages.order import OrderProgressed
from gateway.live.messages import WatchFlow, WatchOrders, orders
from gateway.live.ports import Connection
from gateway.live.settings import LiveSettings

Watch = type[WatchFlow | WatchOrders]

KEYS: Final[dict[Watch, str]] = {WatchFlow: "read_settings", WatchOrders: "read_orders"}
_READ_AGAIN: Final = orders((), is_complete=False)


class FlowSource(Protocol):
    """The flow between the actors, as it is measured while somebody watches."""

    def read(self) -> bytes:
        """Return the present flow, as a message, and measure from now on."""

    def rest(self) -> None:
        """Stop measuring."""


class StaffLists:
    """The watchers of the lists, and the contents of the next lists."""

    def __init__(self, flow: FlowSource | None, settings: LiveSettings) -> None:
        self._flow = flow
        self._settings = settings
        self._readers: dict[Watch, dict[Connection, str]] = {what: {} for what in KEYS}  # With the token of each.
        self._changed: dict[str, OrderProgressed] = {}  # Since the last list; the newest at the end.
        self._is_complete = True
        self._late: set[Connection] = set()  # Those that have missed a list of orders.
        self._work = asyncio.Event()

    def admit(self, client: Connection, what: Watch, token: str) -> None:
        """Begin to send a list. The list of orders is to be read now: later changes are not missed."""
        self._readers[what][client] = token
        if what is WatchOrders:
            _send([client], _READ_AGAIN)
        self._work.set()

    def without_key(self, token: str, keys: AbstractSet[str]) -> Iterator[Connection]:
        """Yield those that watch by this token what these keys do not open."""
        for what, readers in self._readers.items():
            if KEYS[what] not in keys:
                yield from (client for client, by in readers.items() if by == token)

    def leave(self, client: Connection) -> None:
        """Forget a socket."""
        for readers in self._readers.values():
            readers.pop(client, None)
        self._late.discard(client)

    def order_changed(self, progress: OrderProgressed) -> None:
        """Note an order's status for the next list."""
        if not self._readers[WatchOrders]:
            return
        self._changed.pop(progress.order_id, None)
        if len(self._changed) >= self._settings.max_listed:
            del self._changed[next(iter(self._changed))]
            self._is_complete = False
        self._changed[progress.order_id] = progress

    def stale(self) -> None:
        """Note that changes may have been missed."""
        self._is_complete = False

    async def keep_sending(self) -> None:
        """Send the lists once a second while anybody watches, for ever."""
        while True:
            if not any(self._readers.values()):
                self._send_flow([])
                self._changed, self._is_complete = {}, True
                self._work.clear()
                await self._work.wait()
            await asyncio.sleep(self._settings.staff_every_s)
            self._send_flow(list(self._readers[WatchFlow]))
            if listed := self._readers[WatchOrders]:
                self._send_orders(list(listed))

    def _send_flow(self, clients: Collection[Connection]) -> None:
        if self._flow is not None:
            if clients:
                _send(clients, self._flow.read())
            else:
                self._flow.rest()

    def _send_orders(self, clients: Collection[Connection]) -> None:
        late, self._late = self._late, set()
        if self._changed or not self._is_complete:
            self._late = set(_send(clients, orders(self._changed.values(), is_complete=self._is_complete)))
            self._changed, self._is_complete = {}, True
        self._late |= set(_send(late, _READ_AGAIN))


def _send(clients: Collection[Connection], message: bytes) -> list[Connection]:
    """Send a message to all that read fast enough; return the others."""
    late = [client for client in clients if client.dirty is not None]
    for client in [client for client in clients if client.dirty is None]:
        client.send(message)
    return late
