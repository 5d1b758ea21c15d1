"""Pictures are fetched from the public internet alone, whatever an address says and wherever its name leads."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientTimeout, web

from actors.imports import fetcher
from actors.imports.fetcher import FetchSettings, is_public, open_fetcher, read_address
from bus.messages.media import MOST_BYTES, image_hash
from engine.errors import BadInput

NOWHERE = frozenset[str]()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::7f00:1", "64:ff9b::808:808", "2002:7f00:1::", "2002:808:808::", "2001:0:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_internet_are_not_asked(address: str) -> None:
    assert not is_public(ip_address(address))
    host = f"[{address.partition('%')[0]}]" if ":" in address else address
    if "%" not in address:
        with pytest.raises(BadInput):
            read_address(f"http://{host}/a.jpg", NOWHERE)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111"])
def test_public_ones_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "", "a.jpg", "ftp://example.com/a.jpg", "file:///etc/passwd", "http://", "http:///a.jpg", "https://[::1/a.jpg",
        "http://user:word@example.com/a.jpg", "http://example.com:22/a.jpg", "https://example.com:80/a.jpg",
        "http://127.1/a.jpg", "http://2130706433/a.jpg", "http://0x7f.0.0.1/a.jpg", "http://0x7f000001/a.jpg",
        "http://0177.0.0.1/a.jpg", "http://127.0.0.1./a.jpg", "http://example.com./a.jpg", "gopher://example.com/",
        "http://example.com/" + "a" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        read_address(address, NOWHERE)


def test_a_plain_address_is_taken_and_a_listed_host_at_its_port() -> None:
    assert read_address("https://example.com/a%20b.jpg?x=1", NOWHERE).host == "example.com"
    assert read_address("http://127.0.0.1:8080/", frozenset({"127.0.0.1:8080"})).port == 8080
    with pytest.raises(BadInput):
        read_address("http://127.0.0.1:8081/", frozenset({"127.0.0.1:8080"}))


@asynccontextmanager
async def server(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    """A server on this machine; yields its port."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def fetched(port: int, tmp_path: Path, host: str = "127.0.0.1") -> tuple[str, bytes]:
    settings = FetchSettings(shopflow_fetch_hosts=f"{host}:{port}")
    async with open_fetcher(settings) as opened:
        found = await opened.fetch(f"http://{host}:{port}/a.jpg", tmp_path / "got")
    content = (tmp_path / "got").read_bytes()
    assert found.size == len(content)
    return found.id, content


async def test_a_file_is_fetched_and_named_by_its_content(tmp_path: Path) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        assert "Cookie" not in request.headers
        return web.Response(body=b"picture", headers={"Set-Cookie": "a=b"})

    async with server(handle) as port:
        for _ in range(2):
            name, content = await fetched(port, tmp_path)

    named = image_hash()
    named.update(b"picture")
    assert (name, content) == (named.hexdigest(), b"picture")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: web.Response(status=302, headers={"Location": "http://example.com/"}), "another address"),
        (lambda: web.Response(status=301, headers={"Location": "/b.jpg"}), "another address"),
        (lambda: web.Response(status=404), "answers 404"),
        (lambda: web.Response(body=b""), "empty"),
        (lambda: web.Response(body=bytes(MOST_BYTES + 1)), "larger"),
    ],
)
async def test_other_answers_are_refused_with_the_reason(tmp_path: Path, answer: Any, why: str) -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        return answer()  # type: ignore[no-any-return] # a response

    async with server(handle) as port:
        with pytest.raises(BadInput, match=why):
            await fetched(port, tmp_path)


async def test_an_answer_without_end_is_cut_off(tmp_path: Path) -> None:
    sent = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 20))
            sent += 1

    async with server(handle) as port:
        with pytest.raises(BadInput, match="larger"):
            await fetched(port, tmp_path)
    assert sent < 64  # What was on its way when it was cut off.


async def test_what_is_packed_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(1 << 20))

    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with server(handle) as port:
        assert (await fetched(port, tmp_path))[1] == bomb


async def test_a_server_that_is_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "_WITHIN", ClientTimeout(total=0.2))
    over = asyncio.Event()

    async def handle(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    async with server(handle) as port:
        with pytest.raises(BadInput, match="in time"):
            await fetched(port, tmp_path)
        over.set()


async def test_a_name_that_leads_into_a_private_network_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else it leads to: only what is public is connected to."""
    asked: list[str] = []
    leads_to: list[str] = []

    async def lead(host: str, port: int, _: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port)) for found in leads_to]

    monkeypatch.setattr(fetcher, "_lookup", lead)
    async with open_fetcher(FetchSettings()) as opened:
        for found in (["127.0.0.1"], ["10.0.0.1", "192.168.0.1"]):
            leads_to[:] = found
            with pytest.raises(BadInput, match="private network"):
                await opened.fetch("http://pictures.example/a.jpg", tmp_path / "got")
    assert asked == ["pictures.example"] * 2


async def test_a_name_is_looked_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer would lead elsewhere: nobody asks for it."""
    hosts: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        hosts.append(request.headers["Host"])
        return web.Response(body=b"picture")

    async with server(handle) as port:
        answers = iter(["127.0.0.1", "10.255.255.1"])

        async def lead(_: str, at: int, __: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), at))]

        monkeypatch.setattr(fetcher, "_lookup", lead)
        assert (await fetched(port, tmp_path, host="pictures.example"))[1] == b"picture"
    assert hosts == [f"pictures.example:{port}"]
