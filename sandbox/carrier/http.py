"""The carrier's API: JSON in and out, a bearer key, idempotency keys in Stripe's way."""

import hmac
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web
from msgspec import Struct

from sandbox.carrier.api import Booking, Carrier, Shipment, UnexpectedStatus
from sandbox.core.call_handler import CallHandler, fingerprint, json_answer, new_request_id
from sandbox.core.config import SandboxConfig
from sandbox.core.idempotency import Answer

PATH = "/carrier/v1/shipments"

Work = Callable[[web.Request, bytes], Answer]


class Shipments(Struct, frozen=True):
    """The answer to a search."""

    items: list[Shipment]


def refusal(status: int, code: str, message: str) -> Answer:
    """An error as the carrier words it; the idempotency key stays free."""
    return json_answer(status, {"error": {"code": code, "message": message}}, keep=False)


class CarrierPhrases:
    """The carrier's wording of the refusals that the call handler makes."""

    def failed(self, status: int) -> Answer:
        return json_answer(status, {"error": {"code": "internal", "message": "Something went wrong."}})

    def rate_limited(self) -> Answer:
        return refusal(429, "rate_limited", "Too many requests.")

    def key_mismatch(self, key: str) -> Answer:
        return refusal(400, "idempotency_mismatch", f"Key '{key}' was first used with another body.")

    def key_in_use(self, key: str) -> Answer:
        return refusal(409, "idempotency_in_progress", f"The first request with key '{key}' is still running.")

    def key_invalid(self) -> Answer:
        return refusal(400, "idempotency_key_invalid", "Idempotency keys are 1 to 255 ASCII characters.")


class CarrierHttp:
    """The carrier's routes."""

    def __init__(self, carrier: Carrier, calls: CallHandler, config: SandboxConfig) -> None:
        self._carrier = carrier
        self._calls = calls
        self._authorization = f"Bearer {config.carrier_key}".encode()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(PATH, self._handler(self._book)),
            web.get(PATH, self._handler(self._list)),
            web.get(PATH + "/{id}", self._handler(self._get)),
            web.post(PATH + "/{id}/cancel", self._handler(self._cancel)),
            web.get("/carrier/labels/{id}", self._label),
        ]

    def _handler(self, work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            body = await request.read()
            return await self._calls.answer(
                request, new_request_id(), fingerprint(request, body), lambda: self._authorized(request, body, work)
            )

        return handle

    def _authorized(self, request: web.Request, body: bytes, work: Work) -> Answer:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._authorization):
            return refusal(401, "unauthorized", "Send `Authorization: Bearer` with your key.")
        return work(request, body)

    def _book(self, _request: web.Request, body: bytes) -> Answer:
        try:
            booking = msgspec.json.decode(body, type=Booking)
        except msgspec.DecodeError as error:
            return refusal(422, "invalid", str(error))
        return json_answer(201, self._carrier.book(booking))

    def _list(self, request: web.Request, _body: bytes) -> Answer:
        return json_answer(200, Shipments(self._carrier.by_reference(request.query.get("reference", ""))))

    def _get(self, request: web.Request, _body: bytes) -> Answer:
        shipment = self._carrier.get(request.match_info["id"])
        return json_answer(200, shipment) if shipment else _not_found()

    def _cancel(self, request: web.Request, _body: bytes) -> Answer:
        shipment = self._carrier.get(request.match_info["id"])
        if shipment is None:
            return _not_found()
        try:
            return json_answer(200, self._carrier.cancel(shipment))
        except UnexpectedStatus as error:
            return refusal(409, "not_cancellable", str(error))

    async def _label(self, request: web.Request) -> web.Response:
        shipment = self._carrier.get(request.match_info["id"])
        if shipment is None:
            raise web.HTTPNotFound
        to = shipment.recipient
        number, service = shipment.tracking_number, shipment.service
        place = (to.line1, to.line2, to.postal_code, to.city, to.region, to.country)
        return web.Response(text="\n".join(line for line in (number, service, to.name, *place, to.phone) if line))


def _not_found() -> Answer:
    return refusal(404, "not_found", "No such shipment.")
