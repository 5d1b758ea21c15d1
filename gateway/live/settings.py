"""The bounds of the live edge, each with its unit. The defaults are what the shop promises; tests shorten the times."""

import msgspec

from gateway.headers import headers_of_handshakes


class LiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one client, and of all clients together."""

    path: str = "/live"
    origins: tuple[str, ...] = ()  # As browsers write them, "https://shop.example"; the shop's own needs no entry.
    headers: tuple[tuple[str, str], ...] = headers_of_handshakes(is_https=False)

    # One client.
    max_skus: int = 128
    max_orders: int = 16
    max_carts: int = 16
    max_pending: int = 16  # Subscriptions that wait for a read.
    max_inbound_bytes: int = 65_536
    messages_a_minute: int = 100
    pause_at_bytes: int = 16_384  # With more than this in the transport, the client is conflated.
    max_buffered_bytes: int = 65_536  # Answers may fill the transport this far; beyond it the client is closed.
    kernel_buffer_bytes: int = 32_768  # Linux doubles it, so both buffers together stay within 128 KiB.

    session_cookie: str = ""  # Its name; "": none is read.
    staff_cookie: str = ""  # Likewise, of staff.
    staff_marks: tuple[str, ...] = ()  # The beginnings of their sessions' and programs' tokens.
    max_listed: int = 500  # Orders in one list for staff.

    # All clients.
    max_clients: int = 20_000
    max_event_streams: int = 1_000  # Of server-sent events, which cost a task each.
    max_of_address: int = 0  # Websockets and streams of one client address; 0 for no bound.
    max_topics: int = 100_000  # Distinct SKUs that are watched.
    handshakes_a_second: int = 500

    # Times.
    tick_max_s: float = 0.05
    slice_clients: int = 256  # Clients written to before the loop may do other work.
    batch_changes: int = 256  # Changes in one tick.
    ping_every_s: float = 20.0  # A pong must come before the next one is due.
    stuck_after_s: float = 7.5  # With the time for closing, a stuck client is gone within 10 s.
    close_within_s: float = 2.0  # For a client to answer a close; after that its connection is cut.

    # Rereading, because pub/sub is only a hint.
    reread_every_s: float = 10.0
    read_page: int = 500
    read_within_s: float = 5.0
    retry_s: float = 0.5
    order_reads: int = 16  # At once.
    staff_every_s: float = 1.0  # Between two checks of a credential of staff, and between two lists for them.
    staff_reads: int = 64  # Checks at once.
    staff_unsure_s: float = 10.0  # A credential that can't be checked for so long counts as ended.
