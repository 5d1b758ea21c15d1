"""Live stock for programs, over one websocket that reconnects whenever it ends. Needs `websockets` and `msgspec`.

    async for level in watch_stock("http://127.0.0.1:8000", ["MUG-BLUE", "LAMP-OAK"]):
        print(level.sku, level.available)

Started as a program it prints each level: `python -m gateway.client http://127.0.0.1:8000 MUG-BLUE LAMP-OAK`.
For browsers there is gateway/pages/static/live.js, which does the same. docs/live.md describes both, and the protocol.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from contextlib import suppress
from itertools import count

import msgspec
from websockets.asyncio.client import connect, process_exception  # type: ignore[attr-defined]  # It is documented.
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from engine.backoff import Backoff

_BACKOFF = Backoff(first_s=0.5, longest_s=15.0, jitter=0.5)


class Level(msgspec.Struct, frozen=True):
    """The available units of a SKU. A higher version is newer."""

    sku: str
    available: int
    version: int


class NotWatchable(Exception):
    """The shop refuses the request: for too many SKUs, for example. Retrying would not help."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class _Message(msgspec.Struct, frozen=True):
    """A message of the shop; unknown ones are skipped."""

    op: str
    stock: tuple[Level, ...] = ()
    sku: str = ""
    available: int = 0
    version: int = 0
    code: str = ""
    detail: str = ""

    def levels(self) -> Iterable[Level]:
        return (Level(self.sku, self.available, self.version),) if self.op == "stock" else self.stock


class _Watched:
    """The watched SKUs, and their levels so far."""

    def __init__(self, skus: Iterable[str], report: Callable[[str], None]) -> None:
        self._skus = list(skus)
        self._report = report
        self._versions: dict[str, int] = {}
        self._unknown: set[str] = set()

    def subscription(self) -> bytes:
        """Write the request for all that has changed since."""
        return msgspec.json.encode({"op": "subscribe", "skus": self._skus, "versions": self._versions})

    def newer(self, message: _Message) -> Iterator[Level]:
        """Yield the levels of a message that are newer than the known ones.

        Raises:
            NotWatchable: The message is a refusal.
        """
        if message.op == "error":
            raise NotWatchable(message.code, message.detail)
        for level in message.levels():
            if level.version > self._versions.get(level.sku, -1):
                self._versions[level.sku] = level.version
                yield level
        if message.op == "subscribed":  # Which names all known SKUs that have not been reported yet.
            self._report_unknown()

    def _report_unknown(self) -> None:
        for sku in self._skus:
            if sku not in self._versions and sku not in self._unknown:
                self._unknown.add(sku)
                self._report(f"the shop knows no SKU {sku}; it is waited for")


_decode = msgspec.json.Decoder(_Message).decode


async def watch_stock(
    url: str, skus: Iterable[str], *, on_trouble: Callable[[str], None] | None = None
) -> AsyncGenerator[Level, None]:
    """Yield the level of each SKU, and then every change; never an older one after a newer one. Does not end.

    Whatever ends the connection, it is made again after 0.5 s doubling to 15 s, with up to half of that taken off at
    random. The client sends the versions it knows, and receives only what has changed since.

    Args:
        url: Of the shop: `https://shop.example`.
        skus: At most 128. A SKU that does not exist is reported once it does.
        on_trouble: Called with a sentence for a person, once for each SKU that does not exist, and for each connection
            that could not be made.

    Raises:
        NotWatchable: The shop refuses the subscription.
        ConnectionClosed: The shop takes the client for abusive (code 1008).
    """
    report = on_trouble or _say_nothing
    watched = _Watched(skus, report)
    live = f"{url.rstrip('/').replace('http', 'ws', 1)}/live"

    def on_failure(error: Exception) -> Exception | None:
        report(f"no shop answers at {url}: {error or type(error).__name__}")
        return process_exception(error)

    async for socket in connect(live, reconnect_delays=_pauses, process_exception=on_failure):
        try:
            await socket.send(watched.subscription(), text=True)
            async for frame in socket:
                for level in watched.newer(_decode(frame)):
                    yield level
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code == CloseCode.POLICY_VIOLATION:
                raise
        await asyncio.sleep(_BACKOFF.pause_s(1))  # So that not all clients reconnect at once when a shop restarts.


def _say_nothing(_trouble: str) -> None:
    return


def _pauses() -> Generator[float, None, None]:
    """Yield the pause before each try, in seconds."""
    for failures in count(1):
        yield _BACKOFF.pause_s(failures)


async def _print(url: str, skus: Iterable[str]) -> None:
    async for level in watch_stock(url, skus, on_trouble=lambda trouble: print(trouble, file=sys.stderr, flush=True)):  # noqa: T201 - its output
        print(f"{level.sku}: {level.available} (version {level.version})", flush=True)  # noqa: T201 - its output


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        if len(sys.argv) < 3 or not sys.argv[1].startswith(("http://", "https://")):
            sys.exit("usage: python -m gateway.client http://127.0.0.1:8000 SKU [SKU ...]")
        try:
            asyncio.run(_print(sys.argv[1], sys.argv[2:]))
        except NotWatchable as refused:
            sys.exit(str(refused))
