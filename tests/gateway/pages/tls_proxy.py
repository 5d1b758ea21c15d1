"""A proxy that speaks TLS, as one stands before a shop: with a certificate made on the spot."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REFUSED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class TlsProxy:
    """Passes on what it gets, and one request for each connection, so that it sees each head."""

    def __init__(self, *, passes_sockets: bool) -> None:
        self.shop_port = 0  # To be set when the shop has one.
        self.port = 0
        self.refused = 0
        self._passes_sockets = passes_sockets

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            is_socket = b"upgrade: websocket" in head.lower()
            if is_socket and not self._passes_sockets:
                self.refused += 1
                writer.write(REFUSED)
            else:
                inner_reader, inner = await asyncio.open_connection("127.0.0.1", self.shop_port)
                inner.write(head if is_socket else _for_one_request(head))
                await asyncio.wait(
                    [asyncio.create_task(_pump(reader, inner)), asyncio.create_task(_pump(inner_reader, writer))],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                inner.close()
        writer.close()


@asynccontextmanager
async def tls_proxy(folder: Path, *, passes_sockets: bool = True) -> AsyncIterator[TlsProxy]:
    """A proxy at https://localhost, until the block ends."""
    proxy = TlsProxy(passes_sockets=passes_sockets)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    server = await asyncio.start_server(proxy.pass_on, "127.0.0.1", 0, ssl=context)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()


def _for_one_request(head: bytes) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([lines[0], b"Connection: close", *lines[1:]])


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


def _certificate(folder: Path) -> Path:
    """A key and its certificate for localhost, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "localhost.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem))
    return file
