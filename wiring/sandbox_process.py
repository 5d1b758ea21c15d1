"""The sandbox as a process beside the shops that have no outside world configured.

A sandbox belongs to its folder: the first shop starts it, others on the same folder join it, and it ends with the last
of them, however that ends. Its stdin is a named pipe that each shop holds open; the kernel reports when no shop does
any more. A lock, inherited by the sandbox and never touched, shows that it is alive: the kernel releases it at its end.
Its secrets are made once and kept beside its data, so that a restarted shop finds the same accounts.

Rejected: docs/decisions/0014.
"""

import asyncio
import fcntl
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO

import aiohttp
import msgspec

from engine.embedded.shared_process import is_free, lock
from engine.embedded.surroundings import environment
from engine.files import OTHERS, make_private

_START_S = 30.0
_STOP_S = 3.0
_ANSWER_S = 2.0
_POLL_S = 0.02


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets that shop and sandbox share, as with a real account."""

    stripe_secret_key: str
    stripe_publishable_key: str
    stripe_webhook_secret: str
    carrier_key: str
    carrier_secret: str


class Addresses(msgspec.Struct, frozen=True):
    """The addresses of the sandbox."""

    http: str
    smtp: str


@asynccontextmanager
async def sandbox_process(folder: Path, shop_url: str, *, port: int, pace_s: float) -> AsyncIterator[Addresses]:
    """Run the sandbox with its data in `folder`, or join the one that runs there.

    Args:
        folder: Created if missing.
        shop_url: The target of webhooks; those of a shop that is gone go to one that remains. Empty for a part of a
            shop that can't be called.
        port: Of the sandbox's pages and APIs; any free one if that is taken.
        pace_s: Seconds between two steps of a parcel. The shop that starts the sandbox decides.

    Raises:
        RuntimeError: The sandbox did not start. The message names its log.
        OSError: The folder can't be used, or a sandbox there neither answers nor ends.
    """
    make_private(folder)
    with (
        (folder / "starting").open("a") as starting,
        (folder / "in-use").open("a") as in_use,
        (folder / "alive").open("a") as alive,
    ):
        async with _outlived(in_use, alive):
            with lifeline(folder):
                await lock(starting, _START_S)
                addresses = await _join(folder, alive, shop_url) or await _start(folder, shop_url, port, pace_s)
                fcntl.flock(in_use, fcntl.LOCK_SH)
                fcntl.flock(starting, fcntl.LOCK_UN)
                try:
                    yield addresses
                finally:
                    await lock(starting, _STOP_S)  # Until we are gone: no shop may join a sandbox about to end.
                    fcntl.flock(in_use, fcntl.LOCK_UN)


def read_secrets(folder: Path) -> Secrets:
    """Read the sandbox's secrets; the first call makes them."""
    file = folder / "secrets.json"
    if not file.exists():
        make_private(folder)
        made = Secrets(
            stripe_secret_key=f"sk_test_{secrets.token_urlsafe(18)}",
            stripe_publishable_key=f"pk_test_{secrets.token_urlsafe(18)}",
            stripe_webhook_secret=f"whsec_{secrets.token_urlsafe(18)}",
            carrier_key=f"carrier_{secrets.token_urlsafe(18)}",
            carrier_secret=f"shipsec_{secrets.token_urlsafe(18)}",
        )
        file.touch(mode=0o600)
        file.write_bytes(msgspec.json.encode(made))
    return msgspec.json.decode(file.read_bytes(), type=Secrets)


@contextmanager
def lifeline(folder: Path) -> Iterator[None]:
    """Hold the sandbox's pipe open, which keeps it running, whatever happens to other shops."""
    pipe = folder / "users"
    with suppress(FileExistsError):
        os.mkfifo(pipe, mode=0o600)
    held = os.open(pipe, os.O_RDWR)  # Not only for writing: that would wait for a reader.
    try:
        yield
    finally:
        os.close(held)


@asynccontextmanager
async def _outlived(in_use: IO[str], alive: IO[str]) -> AsyncIterator[None]:
    """Wait, as the last shop, for the sandbox to end, however the shop's own work ended."""
    try:
        yield
    finally:
        if is_free(in_use):
            with suppress(TimeoutError):
                await lock(alive, _STOP_S)


async def _join(folder: Path, alive: IO[str], shop_url: str) -> Addresses | None:
    """Join the sandbox that runs in this folder; None if none does."""
    if is_free(alive):
        return None
    with suppress(msgspec.DecodeError, FileNotFoundError, aiohttp.ClientError, TimeoutError):
        addresses = _read_addresses(folder)
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            _greet(http, addresses.http, shop_url),
        ):
            return addresses
    await lock(alive, _STOP_S)  # The sandbox is just ending: its last shop was killed a moment ago.
    return None


def _greet(http: aiohttp.ClientSession, sandbox: str, shop_url: str) -> AbstractAsyncContextManager[object]:
    """Send the sandbox the target of webhooks, or only check that it answers."""
    if not shop_url:
        return http.get(f"{sandbox}/sandbox/webhooks", raise_for_status=True)
    return http.put(f"{sandbox}/sandbox/shop", json={"url": shop_url}, raise_for_status=True)


async def _start(folder: Path, shop_url: str, port: int, pace_s: float) -> Addresses:
    for try_port in (port, 0):
        child = _spawn(folder, shop_url, try_port, pace_s)
        async with asyncio.timeout(_START_S):
            while child.poll() is None:
                with suppress(msgspec.DecodeError):
                    return _read_addresses(folder)
                await asyncio.sleep(_POLL_S)
    raise RuntimeError(f"the sandbox did not start; its log is {folder / 'log'}")


def _read_addresses(folder: Path) -> Addresses:
    return msgspec.json.decode((folder / "addresses.json").read_bytes(), type=Addresses)


def _spawn(folder: Path, shop_url: str, port: int, pace_s: float) -> "subprocess.Popen[bytes]":
    known = {f"SANDBOX_{name.upper()}": value for name, value in msgspec.structs.asdict(read_secrets(folder)).items()}
    words = ["--port", str(port), "--data", str(folder), "--shop", shop_url, "--carrier-pace-s", str(pace_s)]
    with (
        (folder / "alive").open("a") as alive,
        (folder / "users").open("rb", buffering=0) as users,
        (folder / "addresses.json").open("wb") as addresses,
        (folder / "log").open("wb") as log,
    ):
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-m", "sandbox", *words, "--watch-stdin"],
            cwd=Path(__file__).parent.parent,
            env={**environment(), **known},
            umask=OTHERS,
            stdin=users,
            stdout=addresses,
            stderr=log,
            pass_fds=[alive.fileno()],
            start_new_session=True,  # Ctrl-C in a terminal is for the shop, which stops the sandbox last.
        )
