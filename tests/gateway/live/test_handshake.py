"""Who may connect, and HTTP beside it on the same port."""

import asyncio
from contextlib import suppress

import pytest
from websockets.exceptions import InvalidStatus

from gateway.headers import headers_of_handshakes
from gateway.live.handshake import is_welcome
from tests.gateway.live.support import Edge, edge, hear, say, soon, subscribe

HEAD = b"GET /live HTTP/1.1\r\nHost: shop.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


async def refusal(live: Edge, path: str = "/live", origin: str | None = None) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as refused:
        await soon(live.connect(path, origin=origin).__aenter__())
    return refused.value


async def exchange(live: Edge, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(request)
    answer: bytes = await soon(reader.read(65_536))
    writer.close()
    await writer.wait_closed()
    return answer


async def test_another_path_is_not_found() -> None:
    async with edge() as live:
        assert (await refusal(live, "/elsewhere")).response.status_code == 404


async def test_a_query_does_not_matter() -> None:
    async with edge() as live, live.connect("/live?from=home") as socket:
        assert await subscribe(socket, "MUG") == []


async def test_pages_of_a_foreign_origin_are_refused() -> None:
    async with edge() as live:
        assert (await refusal(live, origin="https://evil.example")).response.status_code == 403


async def test_pages_of_a_listed_origin_and_of_our_own_may_connect() -> None:
    async with edge(origins=("https://partner.example",)) as live:
        for origin in ("https://partner.example", f"http://127.0.0.1:{live.port}"):
            async with live.connect(origin=origin) as socket:
                assert await subscribe(socket, "MUG") == []


@pytest.mark.parametrize(
    ("origin", "hosts", "welcome"),
    [
        ("https://shop.example", ["shop.example"], True),
        ("https://Shop.Example", ["shop.example"], True),
        ("https://shop.example:8443", ["shop.example:8443"], True),
        ("https://shop.example:8443", ["shop.example"], False),
        ("https://shop.example", ["shop.example:443"], True),
        ("https://shop.example:443", ["shop.example"], True),
        ("http://shop.example", ["shop.example:80"], True),
        ("https://shop.example", ["shop.example:80"], False),
        ("http://[::1]:8000", ["[::1]:8000"], True),
        ("https://shop.example:99999", ["shop.example:99999"], False),
        ("https://ada@shop.example", ["shop.example"], False),
        ("ftp://shop.example", ["shop.example"], False),
        ("https://shop.example.evil.example", ["shop.example"], False),
        ("null", [""], False),
        ("null", [], False),
        ("https://shop.example", ["shop.example", "shop.example"], False),
    ],
)
def test_an_origin_is_our_own_if_it_is_the_host_that_was_asked(origin: str, hosts: list[str], welcome: bool) -> None:
    assert is_welcome(origin, hosts, ()) is welcome


async def test_a_handshake_that_is_none_is_refused_with_its_reason() -> None:
    async with edge() as live:
        answer = await exchange(live, HEAD + b"Sec-WebSocket-Version: 13\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("version", [b"99", b"8", b"012", b""])
async def test_a_version_that_we_do_not_speak_is_told_ours(version: bytes) -> None:
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    async with edge() as live:
        answer = await exchange(live, HEAD + key + b"Sec-WebSocket-Version: " + version + b"\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 426")
        assert b"Sec-WebSocket-Version: 13\r\n" in answer


async def test_too_many_handshakes_a_second_are_told_when_to_come_back() -> None:
    async with edge(handshakes_a_second=1) as live, live.connect():
        response = (await refusal(live)).response

        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1


async def test_a_full_house_says_so() -> None:
    async with edge(max_clients=1) as live, live.connect():
        assert (await refusal(live)).response.status_code == 503


async def test_a_head_that_does_not_become_whole_is_cut_off() -> None:
    async with edge(head_within_s=0.1) as live:
        for beginning in (HEAD, b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /half HTTP"):
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
            writer.write(beginning)
            with suppress(ConnectionResetError):
                await soon(reader.read())
            writer.close()


KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
SPOKEN = KEY + b"Sec-WebSocket-Version: 13\r\n"


@pytest.mark.parametrize("is_https", [False, True])
@pytest.mark.parametrize(
    ("settings", "head", "status"),
    [
        ({}, HEAD + SPOKEN, 101),
        ({}, HEAD + KEY + b"Sec-WebSocket-Version: 99\r\n", 426),
        ({}, HEAD + SPOKEN + b"Origin: https://evil.example\r\n", 403),
        ({}, HEAD + b"Sec-WebSocket-Version: 13\r\n", 400),
        ({}, HEAD.replace(b"/live", b"/elsewhere") + SPOKEN, 404),
        ({"max_clients": 0}, HEAD + SPOKEN, 503),
    ],
)
async def test_each_answer_to_a_handshake_has_the_headers_of_all(
    settings: dict[str, int], head: bytes, status: int, is_https: bool
) -> None:
    wanted = headers_of_handshakes(is_https=is_https)
    async with edge(headers=wanted, **settings) as live:
        answer = await exchange(live, head + b"\r\n")

    lines = answer.partition(b"\r\n\r\n")[0].decode().splitlines()
    assert lines[0].split()[1] == str(status)
    assert {f"{name}: {value}" for name, value in wanted} <= set(lines)
    assert any(line.startswith("strict-transport-security") for line in lines) is is_https


async def test_http_works_on_the_same_port() -> None:
    async with edge() as live, live.connect() as socket:
        answer = await exchange(live, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

        assert answer.endswith(b"hello")
        await say(socket, "subscribe", skus=[])
        assert await hear(socket) == {"op": "subscribed", "stock": []}
