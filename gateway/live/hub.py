"""The live edge as the rest of the gateway sees it: its inputs, its outputs, and when it runs.

The hub knows neither Redis nor the database: gateway/watch.py, which listens to pub/sub, calls `stock_changed`,
`order_changed` and `stale`, and values are read through two injected functions. The hub lives in one event loop; only
`run`, `close` and the streams wait.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from http import HTTPStatus

import anyio
from websockets.frames import CloseCode

from bus.messages.inventory import StockLevel
from bus.messages.order import OrderProgressed
from engine.tokens import hash_of_token
from gateway.live.carts import CartSubscriptions
from gateway.live.events import EventStream
from gateway.live.messages import (
    STALE,
    LiveRefusal,
    Request,
    Subscribe,
    Unsubscribe,
    WatchCart,
    WatchFlow,
    WatchOrder,
    WatchOrders,
)
from gateway.live.orders import OrderSubscriptions, ReadOrder
from gateway.live.ports import Connection
from gateway.live.protocol import Client
from gateway.live.registry import ConnectionRegistry
from gateway.live.settings import LiveSettings
from gateway.live.staff import ReadKeys, StaffSubscriptions
from gateway.live.staff_lists import FlowSource, StaffLists
from gateway.live.stock import ReadLevels, ReadSold, StockSubscriptions
from gateway.places import Places
from gateway.rate_limit import RateLimit
from gateway.refusals import Refusals

FULL_RETRY_S = 5.0  # When clients should retry at a hub that is full or closing.


class Hub:
    """Sends changes to websockets and server-sent events. Make it inside the running event loop.

    Args:
        read_levels: Reads current levels; a SKU that does not exist is absent from the answer.
        watch_order: Returns the order's current status, or None if the token does not fit.
        settings: The bounds.
        clock: The time in UTC, to compare with `committed_at`; without a clock the lag is not measured.
        refusals: Counts and logs what is refused.
        read_sold: Returns which of these SKUs the shop sells; without it every SKU can be watched.
        read_keys: Returns the keys of a session or token of staff, None if it opens nothing; without it nobody is
            staff.
        flow: What flows between the actors; without it nobody watches that.
    """

    def __init__(
        self,
        read_levels: ReadLevels,
        watch_order: ReadOrder,
        *,
        settings: LiveSettings,
        clock: Callable[[], datetime] | None = None,
        refusals: Refusals | None = None,
        read_sold: ReadSold | None = None,
        read_keys: ReadKeys | None = None,
        flow: FlowSource | None = None,
    ) -> None:
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self._stock = StockSubscriptions(read_levels, settings, clock, read_sold)
        self._orders = OrderSubscriptions(watch_order, settings)
        self._carts = CartSubscriptions(settings)
        self._lists = StaffLists(flow, settings)
        self._staff = StaffSubscriptions(read_keys, self._lists, settings)
        self._registry = ConnectionRegistry(settings)
        self._event_streams: set[EventStream] = set()
        self._places = Places(settings.max_clients + settings.max_event_streams, settings.max_of_address)
        self._refusals = refusals
        self.messages = RateLimit(settings.messages_a_minute, 60.0)  # Of each client.
        self._handshakes = RateLimit(settings.handshakes_a_second, 1.0)  # Of all clients together.
        self._handshakes_tat_s = 0.0
        self._staleness = asyncio.Event()
        self._is_closing = False

    # For uvicorn.

    def protocol_class(self) -> type[asyncio.Protocol]:
        """Return the class for `uvicorn.Config(ws=...)`."""
        return type("LiveProtocol", (Client,), {"hub": self, "__slots__": ()})

    # For gateway/watch.py, which listens to updates.

    def stock_changed(self, levels: Iterable[StockLevel], committed_at: datetime | None = None) -> None:
        """Send new levels to their watchers; older versions are dropped. Cheap, also for SKUs without watchers."""
        self._stock.changed(levels, committed_at)

    def order_changed(self, progress: OrderProgressed) -> None:
        """Send an order's status to its watchers whose token was checked."""
        self._orders.changed(progress)
        self._lists.order_changed(progress)

    def cart_changed(self, cart_id: str) -> None:
        """Report to a cart's watchers that it is to be read again."""
        self._carts.changed(cart_id)

    def order_rights_changed(self, order_id: str) -> None:
        """Check the tokens of an order's watchers again."""
        self._orders.rights_changed(order_id)

    def sessions_ended(self, token_hashes: AbstractSet[str]) -> None:
        """Close the websockets of sessions that have ended, and of those who watch an order by them."""
        for client in list(self._registry):
            if not token_hashes.isdisjoint(_sessions_of(client)):
                client.close(CloseCode.POLICY_VIOLATION, "signed out")

    def stale(self) -> None:
        """Report to clients that updates may have been lost, and read all watched values again at once."""
        self._stock.stale()
        self._orders.stale()
        self._lists.stale()
        self._staleness.set()

    # For the HTTP routes.

    def sent_levels(self) -> dict[str, StockLevel]:
        """Return the levels last sent to the watchers of each SKU; version -1 means that there is none."""
        return self._stock.sent_levels()

    def subscribe_events(
        self, skus: Sequence[str], versions: dict[str, int] | None = None, *, address: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """Stream the messages of a websocket: the snapshot, then changes; `b""` now and then to keep it alive.

        Close the generator (`aclosing`) when the client is gone. The stream ends by itself when the hub closes.

        Raises:
            LiveRefusal: `too_many_skus`; `busy`, if too many streams are open; `too_many_requests`, if too many are of
                this client address.
        """
        if len(set(skus)) > self.settings.max_skus:
            raise LiveRefusal("too_many_skus", f"A client may watch {self.settings.max_skus} SKUs.")
        if self._is_closing or len(self._event_streams) >= self.settings.max_event_streams:
            raise LiveRefusal("busy", "Too many streams are open; try again in a few seconds.")
        self._check_places(address)

        def join(stream: EventStream) -> None:
            self._check_places(address)  # Again: others may have joined since.
            self._event_streams.add(stream)
            self._places.take(address)
            self._stock.subscribe(stream, skus, versions or {})

        def leave(stream: EventStream) -> None:
            if stream in self._event_streams:
                self._event_streams.remove(stream)
                self._places.give_back(address)
            self._stock.leave(stream)

        return EventStream().messages(join, leave, self.settings.ping_every_s)

    # For the wiring, which starts and stops the hub.

    async def run(self) -> None:
        """Read, ping and evict, for ever. Cancel it after `close`."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._stock.keep_reading)
            tasks.start_soon(self._orders.keep_checking)
            tasks.start_soon(self._staff.keep_checking)
            tasks.start_soon(self._lists.keep_sending)
            tasks.start_soon(self._registry.keep_alive)
            tasks.start_soon(self._keep_sending_stale)

    async def close(self, within_s: float) -> None:
        """Refuse new clients, close websockets with 1012 spread over the time, and end the streams."""
        self._is_closing = True
        for stream in self._event_streams:
            stream.end()
        await self._registry.close(within_s)

    @property
    def connections(self) -> int:
        """The number of open websockets."""
        return len(self._registry)

    # For the clients.

    def turns_away(self, address: str) -> tuple[HTTPStatus, float] | None:
        """Return why a handshake from an address is refused, and in how many seconds to retry; None if it may go on."""
        if self._is_closing or len(self._registry) >= self.settings.max_clients:
            return HTTPStatus.SERVICE_UNAVAILABLE, FULL_RETRY_S
        try:
            self._check_places(address)
        except LiveRefusal:
            return HTTPStatus.TOO_MANY_REQUESTS, FULL_RETRY_S
        now = self.loop.time()
        tat_s = self._handshakes.charge(self._handshakes_tat_s, now)
        if not self._handshakes.allows(tat_s, now):
            return HTTPStatus.SERVICE_UNAVAILABLE, tat_s - now  # Refused handshakes are not charged.
        self._handshakes_tat_s = tat_s
        return None

    def joined(self, client: Connection) -> None:
        """Register a client after its handshake."""
        self._registry.join(client)
        self._places.take(client.address)
        self._staff.show(client, client.staff)

    def forget(self, client: Connection) -> None:
        """End all subscriptions of a client."""
        self._stock.leave(client)
        self._orders.leave(client)
        self._carts.leave(client)
        self._staff.leave(client)

    def left(self, client: Connection) -> None:
        """Forget a client whose connection is lost."""
        self.forget(client)
        if client.slot is not None:
            self._places.give_back(client.address)
        self._registry.leave(client)

    def became_slow(self, client: Connection) -> None:
        """Start the time in which a slow client must read its backlog."""
        self._registry.became_slow(client)

    def caught_up(self, client: Connection) -> None:
        """Stop the time of a client that has read its backlog."""
        self._registry.caught_up(client)

    def handle(self, client: Connection, request: Request) -> None:
        """Execute a client's request.

        Raises:
            LiveRefusal: The request breaks a bound.
        """
        match request:
            case Subscribe(skus, versions):
                self._stock.subscribe(client, skus, versions)
            case Unsubscribe(skus):
                self._stock.unsubscribe(client, skus)
            case WatchOrder(order_id, token):
                self._staff.show(client, token or "")
                self._orders.watch(client, order_id, token or client.session or client.staff)
            case WatchCart(cart_id):
                self._carts.watch(client, cart_id)
            case WatchFlow() | WatchOrders():
                self._staff.watch(client, request)

    def _check_places(self, address: str) -> None:
        """Refuse one more websocket or stream of an address that has as many as it may.

        Raises:
            LiveRefusal: `too_many_requests`.
        """
        if self._places.full(address) == "address":
            if self._refusals is not None:
                self._refusals.note("live_of_address", address)
            raise LiveRefusal("too_many_requests", "Too many live connections from this address.")

    async def _keep_sending_stale(self) -> None:
        while True:
            await self._staleness.wait()
            self._staleness.clear()
            watching = [
                one for one in (*self._registry, *self._event_streams) if one.topics or one.pending or one.carts
            ]
            for number, subscriber in enumerate(watching):
                if number % self.settings.slice_clients == 0:
                    await asyncio.sleep(0)  # So that ten thousand subscribers do not block the loop.
                subscriber.send(STALE)


def _sessions_of(client: Connection) -> set[str]:
    """Hash what a client has shown to watch orders: tokens of sessions are among it."""
    shown = {topic.token for topic in client.orders} | ({client.session} - {""})
    return {hash_of_token(each).hex() for each in shown}
