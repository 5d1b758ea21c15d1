"""The one file that speaks to a carrier: JSON over HTTP, with a key in the header and an idempotency key each time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from bus.messages.base import Address, OrderId
from engine.errors import BadInput, Unavailable
from engine.settings import Settings

_TIMEOUT = aiohttp.ClientTimeout(total=20)
_RETRY = frozenset({408, 409, 425, 429})  # 409: a twin of this request is under way.


class CarrierSettings(Settings, frozen=True, kw_only=True):
    """The carrier's address and secrets. Without them the shop uses the sandbox's."""

    carrier_url: str = ""
    carrier_key: str = ""
    carrier_webhook_secret: str = ""


class Booking(msgspec.Struct, frozen=True):
    """What the carrier answers."""

    id: str
    tracking_number: str


class Carrier:
    """Books parcels."""

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str) -> None:
        self.name = name
        self._session = session
        self._url = url.rstrip("/")

    async def book(self, order_id: OrderId, service: str, weight_g: int, name: str, address: Address) -> Booking:
        """Book a parcel: the same one, however often this is called for an order.

        Raises:
            Unavailable: No answer in time; repeat.
            BadInput: The carrier refuses for good (an address it doesn't serve, say).
        """
        body = {
            "reference": order_id,
            "service": service,
            "weight_g": weight_g,
            "recipient": {"name": name, **msgspec.structs.asdict(address)},
        }
        try:
            async with self._session.post(
                f"{self._url}/v1/shipments", json=body, headers={"Idempotency-Key": order_id}
            ) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable("the carrier", str(error) or type(error).__name__) from error
        if response.status in _RETRY or response.status >= 500:
            raise Unavailable("the carrier", f"HTTP {response.status}")
        if response.status not in (200, 201):
            raise BadInput(f"the carrier refuses: HTTP {response.status} {answer[:200].decode(errors='replace')}")
        return msgspec.json.decode(answer, type=Booking)


@asynccontextmanager
async def open_carrier(url: str, key: str, *, name: str) -> AsyncIterator[Carrier]:
    """A client with connections of its own, closed when the block ends."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT, headers={"Authorization": f"Bearer {key}"}) as session:
        yield Carrier(session, url, name)
