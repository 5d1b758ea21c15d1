"""The sandbox as a child process of a shop that has no outside world configured.

It ends with its parent, however that ends: it watches its stdin, which the kernel closes. Its secrets are made once
and kept beside its data, so that a shop started again speaks to the same accounts.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

_START_S = 30.0
_STOP_S = 3.0


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What shop and sandbox share, as a real account's would be."""

    stripe_secret_key: str
    stripe_publishable_key: str
    stripe_webhook_secret: str
    carrier_key: str
    carrier_secret: str


class Addresses(msgspec.Struct, frozen=True):
    """Where the sandbox is."""

    http: str
    smtp: str


@asynccontextmanager
async def sandbox_process(folder: Path, shop_url: str, *, port: int, pace_s: float) -> AsyncIterator[Addresses]:
    """Run the sandbox with its data in `folder`.

    Args:
        folder: Made if it is not there.
        shop_url: Where its webhooks go.
        port: Of its pages and APIs; any free one if that is taken.
        pace_s: Seconds between two steps of a parcel.

    Raises:
        RuntimeError: It did not start.
    """
    child, addresses = await _start(folder, shop_url, port, pace_s)
    try:
        yield addresses
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await child.wait()
        if child.returncode is None:
            child.kill()


def read_secrets(folder: Path) -> Secrets:
    """The sandbox's secrets; made at the first call."""
    file = folder / "secrets.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
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


async def _start(folder: Path, shop_url: str, port: int, pace_s: float) -> tuple[asyncio.subprocess.Process, Addresses]:
    for try_port in (port, 0):
        child = await _spawn(folder, shop_url, try_port, pace_s)
        assert child.stdout is not None
        async with asyncio.timeout(_START_S):
            line = await child.stdout.readline()
        if line:
            return child, msgspec.json.decode(line, type=Addresses)
        await child.wait()
    raise RuntimeError("the sandbox did not start")


async def _spawn(folder: Path, shop_url: str, port: int, pace_s: float) -> asyncio.subprocess.Process:
    known = {f"SANDBOX_{name.upper()}": value for name, value in msgspec.structs.asdict(read_secrets(folder)).items()}
    words = ["--port", str(port), "--data", str(folder), "--shop", shop_url, "--carrier-pace-s", str(pace_s)]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", *words, "--watch-stdin",
        cwd=Path(__file__).parent.parent,
        env={**os.environ, **known},
        stdin=asyncio.subprocess.PIPE,  # Never written to: its end is what the child waits for.
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL if port else None,  # A taken port is no news: the next try takes another.
        start_new_session=True,  # Ctrl-C in a terminal is for the shop, which stops this one last.
    )  # fmt: skip
