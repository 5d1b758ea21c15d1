"""An SMTP server that keeps every mail it accepts, newest 10,000.

A repeated Message-ID counts as another arrival: so tests see a mail that was sent twice. Mails are stored as they
arrived and parsed only when read, which keeps accepting them cheap.
"""

import asyncio
import re
import secrets
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec import Struct

from sandbox.core.due import Clock
from sandbox.core.faults import HANG_S, Gate
from sandbox.core.store import Store, Table

KEEP = 10_000
MAX_BYTES = 1024 * 1024
MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class RawMail(Struct, frozen=True):
    """A mail as it arrived."""

    id: str
    message_id: str
    sender: str
    recipients: list[str]
    at: float
    content: bytes


class Mail(Struct, frozen=True, kw_only=True):
    """A mail, parsed for reading."""

    id: str
    message_id: str
    sender: str  # Of the envelope.
    to: list[str]  # Of the envelope.
    subject: str
    at: str  # Received, RFC 3339 UTC.
    text: str
    html: str
    headers: dict[str, str]


class Mailbox:
    """The SMTP server and its mails."""

    def __init__(self, store: Store, gate: Gate, now: Clock) -> None:
        self._mails = Table(store, "mails", RawMail, KEEP)
        self._gate = gate
        self._now = now
        self._server: asyncio.Server | None = None
        self._connections: WeakSet[SMTP] = WeakSet()

    async def start(self, port: int) -> int:
        """Listen on loopback; returns the port."""
        self._server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            _abort(connection)

    def mails(self, to: str = "", limit: int = KEEP) -> list[Mail]:
        """The mails, newest first."""
        return [_parsed(raw) for raw in self._mails.ref_contains(to.lower(), limit)]

    def mail(self, key: str) -> Mail | None:
        raw = self._mails.get(key)
        return None if raw is None else _parsed(raw)

    def arrivals(self, message_id: str) -> int:
        """How often a mail with this Message-ID arrived."""
        return len(self._mails.by_ref2(message_id))

    # The name is aiosmtpd's.
    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, as aiosmtpd calls it; returns SMTP's reply."""
        fault = self._gate.take("DATA")
        await asyncio.sleep(fault.delay_s)
        if fault.action == "none" or fault.after_work:
            self._keep(envelope)
        if fault.action == "hang":
            await asyncio.sleep(HANG_S)
        if fault.action == "drop":
            _abort(server)
        if fault.action == "rate_limit":
            return "450 4.7.1 Too many mails, try again later"
        if fault.action == "fail":
            named = ", ".join(str(address) for address in envelope.rcpt_tos)  # As most servers do.
            return f"{fault.status} {fault.status // 100}.0.0 <{named}>: refused by the sandbox"
        return "250 2.0.0 Accepted"

    def _protocol(self) -> SMTP:
        connection = SMTP(
            self, data_size_limit=MAX_BYTES, enable_SMTPUTF8=True, hostname="sandbox", loop=asyncio.get_running_loop()
        )
        self._connections.add(connection)
        return connection

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        found = MESSAGE_ID.search(content)
        recipients = [str(address) for address in envelope.rcpt_tos]
        mail = RawMail(
            id="mail_" + secrets.token_hex(8),
            message_id=found[1].decode("ascii", "replace") if found else "",
            sender=envelope.mail_from or "",
            recipients=recipients,
            at=self._now(),
            content=content,
        )
        self._mails.add(mail.id, mail, mail.at, ref=",".join(recipients).lower(), ref2=mail.message_id)


def _abort(connection: SMTP) -> None:
    # Not `isinstance`: uvloop's transports have all that asyncio's have, and are not of its classes.
    if transport := cast("asyncio.Transport | None", connection.transport):
        transport.abort()


def _parsed(raw: RawMail) -> Mail:
    message = message_from_bytes(raw.content, _class=EmailMessage, policy=policy.default)
    return Mail(
        id=raw.id,
        message_id=raw.message_id,
        sender=raw.sender,
        to=raw.recipients,
        subject=str(message.get("Subject", "")),
        at=datetime.fromtimestamp(raw.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers={name: str(value) for name, value in message.items()},
    )


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return "" if part is None else str(part.get_content())
