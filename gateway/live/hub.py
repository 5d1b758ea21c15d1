"""The live edge as the rest of the gateway sees it: what goes in, what comes out, and when it runs.

It knows neither Redis nor the database: whoever listens to pub/sub calls `stock_changed`, `order_changed` and `stale`,
and values are read through two functions it is given. All of it lives in one event loop; nothing here waits but `run`,
`close` and the streams.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from datetime import datetime

import anyio

from bus.messages.inventory import StockLevel
from bus.messages.order import OrderProgressed
from gateway.live import handshake
from gateway.live.events import Listener
from gateway.live.messages import STALE, LiveRefusal, Request, Subscribe, Unsubscribe, WatchOrder
from gateway.live.orders import OrderBoard, ReadOrder
from gateway.live.ports import Connection
from gateway.live.protocol import Client
from gateway.live.rate_limit import RateLimit
from gateway.live.roster import Roster
from gateway.live.settings import LiveSettings
from gateway.live.stock import ReadLevels, StockBoard
from gateway.live.topics import Subscriber

FULL_RETRY_S = 5.0  # When to come back to a hub that is full or going down.


class Hub:
    """Tells websockets and server-sent events what changes. Make it inside the running event loop.

    Args:
        read_levels: Reads the values of now; a SKU that does not exist is absent from the answer.
        watch_order: Gives the order's status of now if the token fits, else None.
        settings: Its bounds.
        clock: The time in UTC, to compare with `committed_at`; without it the lag is not measured.
    """

    def __init__(
        self,
        read_levels: ReadLevels,
        watch_order: ReadOrder,
        *,
        settings: LiveSettings,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self._stock = StockBoard(read_levels, settings, clock)
        self._orders = OrderBoard(watch_order, settings)
        self._roster = Roster(settings)
        self._listeners: set[Listener] = set()
        self.messages = RateLimit(settings.messages_a_minute, 60.0)  # Of one client.
        self._handshakes = RateLimit(settings.handshakes_a_second, 1.0)  # Of all clients together.
        self._paid_until_s = 0.0
        self._staleness = asyncio.Event()
        self._is_closing = False

    # For uvicorn.

    def protocol_class(self) -> type[asyncio.Protocol]:
        """Give what goes into `uvicorn.Config(ws=...)`."""
        return type("LiveProtocol", (Client,), {"hub": self, "__slots__": ()})

    def http_protocol_class(self) -> type[asyncio.Protocol]:
        """Give what goes into `uvicorn.Config(http=...)`, so that half-open handshakes end."""
        return handshake.deadline_for_heads(self.settings.head_within_s)

    # For whoever hears of changes.

    def stock_changed(self, levels: Iterable[StockLevel], committed_at: datetime | None = None) -> None:
        """Tell whoever watches. Cheap, also for what nobody watches; older versions are dropped."""
        self._stock.changed(levels, committed_at)

    def order_changed(self, news: OrderProgressed) -> None:
        """Tell whoever watches this order and has shown that they may."""
        self._orders.changed(news)

    def order_rights_changed(self, order_id: str) -> None:
        """Ask again whether those who watch this order may."""
        self._orders.rights_changed(order_id)

    def stale(self) -> None:
        """Something may have been lost: say so, and read all that is watched again at once."""
        self._stock.stale()
        self._orders.stale()
        self._staleness.set()

    # For the HTTP routes.

    def told_stock(self) -> dict[str, StockLevel]:
        """What those who watch were last told of each SKU; a version of -1 that there is none."""
        return self._stock.told()

    def subscribe_events(
        self, skus: Sequence[str], versions: dict[str, int] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Stream the messages a websocket would get: the snapshot, then changes; `b""` now and then to keep it alive.

        Close the generator (`aclosing`) when the client is gone. It ends by itself when the hub closes.

        Raises:
            LiveRefusal: `too_many_skus`, or `busy`: too many streams are open.
        """
        if len(set(skus)) > self.settings.max_skus:
            raise LiveRefusal("too_many_skus", f"A client may watch {self.settings.max_skus} SKUs.")
        if self._is_closing or len(self._listeners) >= self.settings.max_listeners:
            raise LiveRefusal("busy", "Too many streams are open; try again in a few seconds.")

        def join(listener: Listener) -> None:
            self._listeners.add(listener)
            self._stock.subscribe(listener, skus, versions or {})

        def leave(listener: Listener) -> None:
            self._listeners.discard(listener)
            self._stock.leave(listener)

        return Listener().messages(join, leave, self.settings.ping_every_s)

    # For whoever starts and stops it.

    async def run(self) -> None:
        """Read, ping and evict, for ever. Cancel it after `close`."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._stock.keep_reading)
            tasks.start_soon(self._orders.keep_checking)
            tasks.start_soon(self._roster.keep_alive)
            tasks.start_soon(self._keep_saying_stale)

    async def close(self, within_s: float) -> None:
        """Let nobody in, close websockets with 1012 spread over the time, and end the streams."""
        self._is_closing = True
        for listener in self._listeners:
            listener.end()
        await self._roster.close(within_s)

    @property
    def connections(self) -> int:
        """How many websockets are open."""
        return len(self._roster)

    # For the clients.

    def wait_s(self) -> float:
        """Whether a handshake may go on (0), or in how many seconds to come back."""
        if self._is_closing or len(self._roster) >= self.settings.max_clients:
            return FULL_RETRY_S
        now = self.loop.time()
        paid_until = self._handshakes.pay(self._paid_until_s, now)
        if not self._handshakes.is_kept(paid_until, now):
            return paid_until - now  # What is refused is not charged.
        self._paid_until_s = paid_until
        return 0.0

    def joined(self, client: Connection) -> None:
        """Its handshake is done."""
        self._roster.join(client)

    def forget(self, subscriber: Subscriber) -> None:
        """It wants to know nothing more, or may not."""
        self._stock.leave(subscriber)
        self._orders.leave(subscriber)

    def left(self, client: Connection) -> None:
        """Its connection is gone."""
        self.forget(client)
        self._roster.leave(client)

    def became_slow(self, client: Connection) -> None:
        """It does not read as fast as it is told."""
        self._roster.became_slow(client)

    def caught_up(self, client: Connection) -> None:
        """It has read what waited for it."""
        self._roster.caught_up(client)

    def obey(self, client: Connection, request: Request) -> None:
        """Do what a client asks.

        Raises:
            LiveRefusal: It will not be done.
        """
        match request:
            case Subscribe(skus, versions):
                self._stock.subscribe(client, skus, versions)
            case Unsubscribe(skus):
                self._stock.unsubscribe(client, skus)
            case WatchOrder(order_id, token):
                self._orders.watch(client, order_id, token)

    async def _keep_saying_stale(self) -> None:
        while True:
            await self._staleness.wait()
            self._staleness.clear()
            watching = [one for one in (*self._roster, *self._listeners) if one.topics or one.asks]
            for number, subscriber in enumerate(watching):
                if number % self.settings.slice_clients == 0:
                    await asyncio.sleep(0)  # So that ten thousand of them do not hold up the rest.
                subscriber.send(STALE)
