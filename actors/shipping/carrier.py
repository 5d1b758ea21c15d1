"""The one file that speaks to a carrier: JSON over HTTP, with a key in the header and an idempotency key each time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, NamedTuple

import aiohttp
import msgspec

from bus.messages.base import Address
from engine.circuit import Circuit
from engine.crash import CrashPoint
from engine.errors import BadInput, Unavailable
from engine.outside import read_bounded, refuse_redirects
from engine.patterns import whole
from engine.retry_after import RETRYABLE_STATUSES, retry_after_s
from engine.settings import Settings, listed, meaning

_TIMEOUT = aiohttp.ClientTimeout(total=20)
_LONGEST_ANSWER = 1 << 20  # Bytes.
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_REFUSED_KEY = 401  # Our API key is at fault, and not the parcel: a person mends it.

_BOOKED = CrashPoint("carrier-booked", "The carrier has booked a parcel; its answer has not been read.")


class CarrierSettings(Settings, frozen=True, kw_only=True):
    """The carrier's address and secrets. Without them the shop uses the sandbox's."""

    carrier_url: Annotated[str, meaning("Address of your carrier's API. Empty: the sandbox's carrier.")] = ""
    carrier_key: Annotated[str, meaning("Key to the carrier's API.", is_secret=True)] = ""
    carrier_webhook_secret: Annotated[
        str,
        meaning(
            "Signs the carrier's webhooks. Several with commas between, while a new one takes the place of an old one.",
            is_secret=True,
        ),
    ] = ""

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets of webhooks: any of them may have signed one."""
        return listed(self.carrier_webhook_secret)


class Recipient(NamedTuple):
    """The name, address and phone that a parcel goes to."""

    name: str
    address: Address
    phone: str = ""  # "" if none was given.


class Booking(msgspec.Struct, frozen=True):
    """The carrier's answer to a booking."""

    id: _Name
    tracking_number: _Name


class _Code(msgspec.Struct, frozen=True):
    code: Annotated[str, whole("[a-z0-9_]{1,64}")]


class _Refusal(msgspec.Struct, frozen=True):
    error: _Code


class Carrier:
    """Books parcels."""

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str, circuit: Circuit) -> None:
        self._circuit = circuit
        self.name = name
        self._session = session
        self._url = url.rstrip("/")

    async def book(self, parcel_id: str, service: str, weight_g: int, recipient: Recipient) -> Booking:
        """Book a parcel: the same one, however often this is called for it.

        Raises:
            Unavailable: No answer in time, or a refusal for now; retry.
            BadInput: The carrier refuses for good (for example, an address that it doesn't serve).
        """
        return await self._circuit.call(lambda: self._book(parcel_id, service, weight_g, recipient))

    async def _book(self, parcel_id: str, service: str, weight_g: int, recipient: Recipient) -> Booking:
        body = {
            "reference": parcel_id,
            "service": service,
            "weight_g": weight_g,
            "recipient": _written(recipient),
        }
        try:
            async with self._session.post(
                f"{self._url}/v1/shipments", json=body, headers={"Idempotency-Key": parcel_id}
            ) as response:
                _BOOKED.reach()
                answer = await read_bounded(response.content, _LONGEST_ANSWER)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable("the carrier", str(error) or type(error).__name__) from error
        if response.status in RETRYABLE_STATUSES | {_REFUSED_KEY} or response.status >= 500:
            wait_s = retry_after_s(response.headers)
            raise Unavailable("the carrier", f"HTTP {response.status}", retry_after_s=wait_s)
        if response.status not in (200, 201):
            raise BadInput(f"the carrier refuses: HTTP {response.status}{_code_of(answer)}")
        try:
            return msgspec.json.decode(answer, type=Booking)
        except msgspec.DecodeError as error:  # A page of something in between; a repeat finds the same booking.
            raise Unavailable("the carrier", f"its answer can't be read: {error}") from error


def _code_of(answer: bytes) -> str:
    """Write the code of a refusal, if it has one. Its other words may repeat the recipient, and errors are logged."""
    with suppress(msgspec.DecodeError):
        return f" {msgspec.json.decode(answer, type=_Refusal).error.code}"
    return ""


def _written(recipient: Recipient) -> dict[str, str]:
    """Write a recipient, as ever for those without region and phone: else a repeat would not be the same booking."""
    fields = {"name": recipient.name, **msgspec.structs.asdict(recipient.address), "phone": recipient.phone}
    return {name: value for name, value in fields.items() if value or name not in ("region", "phone")}


@asynccontextmanager
async def open_carrier(url: str, key: str, *, name: str, circuit: Circuit) -> AsyncIterator[Carrier]:
    """Open a client with connections of its own, and close them when the block ends."""
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers, middlewares=(refuse_redirects,)) as session:
        yield Carrier(session, url, name, circuit)
