"""The one file that speaks SMTP. Connections are reused; one that fails is closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib

from actors.email.mime import Mail
from engine.circuit import Circuit
from engine.crash import CrashPoint
from engine.errors import BadInput, BadSetting, Unavailable
from engine.settings import PositiveInt, Settings, meaning

_TIMEOUT_S = 20.0
_MAX_CONNECTIONS = 8  # Few servers accept more from one client.

_SENT = CrashPoint("mail-sent", "The mail server has a mail; nobody here has recorded it.")


class SmtpSettings(Settings, frozen=True, kw_only=True):
    """The mail server, and the mails. Without a server mails go to the sandbox's mailbox."""

    smtp_url: Annotated[
        str,
        meaning(
            "smtp://user:password@host:port, or smtps:// for TLS from the start. Empty: the sandbox's mailbox.",
            is_secret=True,
        ),
    ] = ""
    shopflow_order_link_days: Annotated[
        PositiveInt, meaning("How many days the link in a mail opens its order, unless it is withdrawn.")
    ] = 365
    shopflow_mail_from: Annotated[str, meaning("Sender of all mails.")] = "ShopFlow <orders@shopflow.invalid>"


def read_url(url: str) -> SplitResult:
    """The parts of a mail server's URL.

    Raises:
        BadSetting: It is not the URL of a mail server.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise BadSetting("SMTP_URL: must look like smtp://user:password@host:port")
    return parts


class Mailer:
    """Hands mails to a mail server."""

    def __init__(self, url: str, circuit: Circuit) -> None:
        self._circuit = circuit
        parts = read_url(url)
        self._host, self._tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._idle: list[aiosmtplib.SMTP] = []
        self._slots = asyncio.Semaphore(_MAX_CONNECTIONS)

    async def send(self, mail: Mail) -> None:
        """Hand over one mail. When this returns the server has it; when it raises the server may have it.

        Raises:
            Unavailable: No connection, no answer, or "try again later" (4xx).
            BadInput: The server refuses this mail for good (5xx), or can't carry its addresses.
        """
        async with self._slots:
            await self._circuit.call(lambda: self._send(mail))

    async def _send(self, mail: Mail) -> None:
        client = await self._client()
        try:
            options = () if mail.is_ascii else ("SMTPUTF8", "BODY=8BITMIME")
            await client.sendmail(mail.sender, mail.recipient, mail.content, mail_options=options)
            _SENT.reach()
        except BaseException as error:
            client.close()
            if own := _translate_error(error):
                raise own from None  # The library's own error has the words of the server.
            raise
        self._idle.append(client)

    async def close(self) -> None:
        """Quit all idle connections."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(self._quit(client) for client in idle))

    async def _client(self) -> aiosmtplib.SMTP:
        """Take an idle connection that is still open, or open a new one."""
        while self._idle:
            client = self._idle.pop()
            if client.is_connected:
                return client
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._tls,
            start_tls=True if self._user and not self._tls else None,  # A password never goes in the clear.
            timeout=_TIMEOUT_S,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:  # Also a refused login, which is no mail's fault.
            raise Unavailable("the mail server", str(error)) from error
        return client

    @staticmethod
    async def _quit(client: aiosmtplib.SMTP) -> None:
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=1)
        client.close()


def _translate_error(error: BaseException) -> Unavailable | BadInput | None:
    """Translate an error of SMTP into the engine's; None for any other error.

    A server's words may name the recipient, and errors go into the log and to the dead letters: so of an answer its
    code alone is kept, and of any other error its class.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        is_final = all(refused.code >= 500 for refused in error.recipients)
        return BadInput("the mail server knows no such recipient") if is_final else Unavailable("the mail server")
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 500:
        return BadInput(f"the mail server refuses: {error.code}")
    if isinstance(error, aiosmtplib.SMTPNotSupported):  # An address that is not ASCII, at a server without SMTPUTF8.
        return BadInput("the mail server can't carry this mail's addresses")
    if isinstance(error, ValueError):  # The library's error for an address that no SMTP command can carry.
        return BadInput("nobody can be written to there")
    if isinstance(error, aiosmtplib.SMTPException | OSError):  # SMTP can't report how long to wait.
        code = f" {error.code}" if isinstance(error, aiosmtplib.SMTPResponseException) else ""
        return Unavailable("the mail server", f"{type(error).__name__}{code}")
    return None


@asynccontextmanager
async def open_mailer(url: str, circuit: Circuit) -> AsyncIterator[Mailer]:
    """Open a mailer, and close it when the block ends.

    Raises:
        BadSetting: The URL can't be read.
    """
    mailer = Mailer(url, circuit)
    try:
        yield mailer
    finally:
        await mailer.close()
