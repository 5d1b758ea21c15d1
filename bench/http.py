"""HTTP/1.1 for load generators: one request at a time on a connection, and no more of the protocol than ShopFlow's
answers need. A client library would cost as much as what is measured.
"""

import asyncio
from typing import cast
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_WITHIN_S = 60.0


class Connection(asyncio.Protocol):
    """A connection that is kept open; reopened when the server has closed it, as it does with idle ones."""

    def __init__(self, host: str, port: int, local: str | None = None) -> None:
        self._host = host
        self._port = port
        self._local = (local, 0) if local else None
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport

    async def open(self) -> None:
        """Connect."""
        self._received.clear()
        await asyncio.get_running_loop().create_connection(lambda: self, self._host, self._port, local_addr=self._local)

    async def ask(self, method: str, path: str, body: bytes = b"", headers: str = "") -> tuple[int, bytes]:
        """Send a request; returns the answer's status and body.

        Args:
            method: Of HTTP.
            path: With its query.
            body: JSON, unless the headers name another type.
            headers: Lines that end with CRLF.
        """
        kind = "" if "Content-Type" in headers else "Content-Type: application/json\r\n"
        where = f"Host: {self._host}:{self._port}\r\n\r\n"
        head = f"{method} {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n{kind}{headers}{where}".encode()
        if self._transport.is_closing():
            await self.open()
        try:
            return await self._ask(head + body)
        except ConnectionError:  # It hung up in the same moment. Whatever is asked here may be asked twice.
            await self.open()
            return await self._ask(head + body)

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        late = loop.call_later(_WITHIN_S, self._transport.abort)
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            late.cancel()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("there was no answer"))

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        end = received.find(_HEAD_END)
        if end < 0:
            return
        head = bytes(received[:end]).lower()
        place = head.index(_LENGTH) + len(_LENGTH)
        line_end = head.find(b"\r\n", place)
        whole = end + len(_HEAD_END) + int(head[place:] if line_end < 0 else head[place:line_end])
        if len(received) >= whole and self._answer is not None and not self._answer.done():
            body = bytes(received[end + len(_HEAD_END) : whole])
            del received[:whole]
            self._answer.set_result((int(head[9:12]), body))


async def connect(url: str, local: str | None = None) -> Connection:
    """Open a connection to the host of this URL, from an address of this machine if one is named."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    connection = Connection(parts.hostname, parts.port, local)
    await connection.open()
    return connection
