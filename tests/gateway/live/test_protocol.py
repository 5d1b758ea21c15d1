"""The states of one websocket, on a transport that does as it is told."""

import asyncio
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame
from websockets.uri import parse_uri

from bus.messages.inventory import StockLevel
from gateway.live import Hub, LiveSettings
from gateway.live.protocol import Client
from gateway.live.topics import StockTopic
from tests.gateway.live.support import Shelf


class Wire(asyncio.Transport):
    """The transport of a client, whose other end reads every frame."""

    def __init__(self) -> None:
        super().__init__()
        self.other_end = ClientProtocol(parse_uri("ws://shop.example/live"))
        self.reads = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.other_end.receive_data(bytes(data))

    def frames(self) -> list[str]:
        return [event.opcode.name for event in self.other_end.events_received() if isinstance(event, Frame)]

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        del name
        return default

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return False

    def can_write_eof(self) -> bool:
        return False


def connected() -> tuple[Client, Wire]:
    """A client after its handshake."""
    shelf, wire = Shelf(), Wire()
    protocol: Any = Hub(shelf.read, shelf.read_order, settings=LiveSettings()).protocol_class()
    client: Client = protocol(config=None, server_state=_Server(), app_state={})
    client.connection_made(wire)
    wire.other_end.send_request(wire.other_end.connect())
    client.data_received(b"".join(wire.other_end.data_to_send()))
    wire.frames()
    return client, wire


class _Server:
    """The part of uvicorn's state that clients use."""

    def __init__(self) -> None:
        self.connections: set[asyncio.Protocol] = set()


def mug() -> StockTopic:
    topic = StockTopic("MUG")
    topic.show(StockLevel(sku="MUG", available=3, version=1))
    return topic


async def test_an_open_client_is_pinged() -> None:
    client, wire = connected()

    client.ping()

    assert wire.frames() == ["PING"]


async def test_a_slow_client_is_not_read_from_and_gets_what_changed_once_it_has_caught_up() -> None:
    client, wire = connected()
    client.pause_writing()
    client.conflate([mug()])
    client.ping()
    assert (wire.frames(), wire.reads) == ([], False)

    client.resume_writing()

    assert (wire.frames(), wire.reads, client.dirty) == (["TEXT"], True, None)


async def test_a_client_that_is_closed_while_slow_is_read_from_and_gets_only_the_close_frame() -> None:
    client, wire = connected()
    client.pause_writing()
    client.conflate([mug()])

    client.evict("stuck")
    client.resume_writing()

    assert (wire.frames(), wire.reads) == (["CLOSE"], True)


async def test_a_closing_client_gets_no_pings_and_no_messages() -> None:
    client, wire = connected()
    client.close(CloseCode.SERVICE_RESTART, "restarting")

    client.ping()
    client.send(b"{}")
    client.pause_writing()

    assert (wire.frames(), wire.reads) == (["CLOSE"], True)
