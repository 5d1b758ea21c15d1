"""Control of the sandbox over HTTP, for people and tests: read mails, move parcels, set faults.

Control of payments is in `stripe/control.py`.

No key is asked for: the sandbox listens on loopback only, and holds nothing real.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from sandbox.carrier.api import Carrier, UnexpectedStatus, Word
from sandbox.core import forms
from sandbox.core.faults import Fault, Faults, WebhookFault
from sandbox.core.webhooks import Outbox
from sandbox.mailbox.smtp import Mailbox

MAX_MAILS = 1000

T = TypeVar("T")


class MoveParcel(Struct, frozen=True, forbid_unknown_fields=True):
    """A scan by hand, of a usual status or any other."""

    status: Word
    detail: str = ""
    at: str = ""  # As the carrier writes it; now, in UTC, if nothing else is said.


class Shop(Struct, frozen=True, forbid_unknown_fields=True):
    """The address that webhooks go to."""

    url: str


class MailItem(Struct, frozen=True):
    """A line of the list of mails."""

    id: str
    message_id: str
    to: list[str]
    subject: str
    at: str
    text: str


class Control:
    """The routes below /sandbox."""

    def __init__(self, faults: Faults, outbox: Outbox, carrier: Carrier, mailbox: Mailbox) -> None:
        self._faults = faults
        self._outbox = outbox
        self._carrier = carrier
        self._mailbox = mailbox

    def routes(self) -> list[web.RouteDef]:
        table: list[tuple[str, str, Callable[[web.Request], Awaitable[web.Response]]]] = [
            ("GET", "/sandbox/faults", self._all_faults),
            ("DELETE", "/sandbox/faults", self._reset_all),
            ("GET", "/sandbox/faults/{name}", self._get_fault),
            ("PUT", "/sandbox/faults/{name}", self._put_fault),
            ("DELETE", "/sandbox/faults/{name}", self._reset_fault),
            ("GET", "/sandbox/mails", self._mails),
            ("GET", "/sandbox/mails/{id}", self._mail),
            ("POST", "/sandbox/carrier/{tracking_number}", self._move_parcel),
            ("PUT", "/sandbox/shop", self._point_at),
            ("GET", "/sandbox/webhooks", self._webhooks),
            ("POST", "/sandbox/webhooks/flush", self._flush),
        ]
        return [web.route(method, path, handler) for method, path, handler in table]

    async def _all_faults(self, _request: web.Request) -> web.Response:
        return _json({name: self._fault(name) for name in (*self._faults.gates, "webhooks")})

    async def _reset_all(self, _request: web.Request) -> web.Response:
        self._faults.reset()
        return web.Response(status=204)

    async def _get_fault(self, request: web.Request) -> web.Response:
        return _json(self._fault(request.match_info["name"]))

    async def _put_fault(self, request: web.Request) -> web.Response:
        name, body = request.match_info["name"], await request.read()
        if name == "webhooks":
            self._faults.webhooks = _decoded(body, WebhookFault)
        elif name in self._faults.gates:
            self._faults.gates[name].fault = _decoded(body, Fault)
        return _json(self._fault(name))

    async def _reset_fault(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self._fault(name)
        if name == "webhooks":
            self._faults.webhooks = WebhookFault()
        else:
            self._faults.gates[name].fault = Fault()
        return web.Response(status=204)

    async def _mails(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "100")
        if not limit.isdecimal() or not 1 <= int(limit) <= MAX_MAILS:
            return _problem(422, f"limit is 1 to {MAX_MAILS}")
        found = self._mailbox.mails(request.query.get("to", ""), int(limit))
        items = [MailItem(mail.id, mail.message_id, mail.to, mail.subject, mail.at, mail.text) for mail in found]
        return _json({"items": items})

    async def _mail(self, request: web.Request) -> web.Response:
        mail = self._mailbox.mail(request.match_info["id"])
        return _problem(404, "No such mail.") if mail is None else _json(mail)

    async def _move_parcel(self, request: web.Request) -> web.Response:
        move = await forms.read(request, MoveParcel)
        try:
            moved = await self._carrier.advance(
                request.match_info["tracking_number"], move.status, move.detail, at=move.at
            )
        except KeyError:
            return _problem(404, "No such shipment.")
        except UnexpectedStatus as error:
            return _problem(409, str(error))
        if forms.is_button(request):
            raise web.HTTPSeeOther("/")
        return _json(moved)

    async def _point_at(self, request: web.Request) -> web.Response:
        self._outbox.point_at(_decoded(await request.read(), Shop).url)
        return web.Response(status=204)

    async def _webhooks(self, _request: web.Request) -> web.Response:
        return _json({"shop": self._outbox.shop_url, "waiting": self._outbox.waiting()})

    async def _flush(self, _request: web.Request) -> web.Response:
        return _json({"waiting": await self._outbox.flush()})

    def _fault(self, name: str) -> Fault | WebhookFault:
        if name == "webhooks":
            return self._faults.webhooks
        if name not in self._faults.gates:
            raise web.HTTPNotFound
        return self._faults.gates[name].fault


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise web.HTTPUnprocessableEntity(text=str(error)) from None


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def _problem(status: int, message: str) -> web.Response:
    return _json({"error": {"message": message}}, status)
