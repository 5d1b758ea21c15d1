"""`python -m sandbox`: the sandbox as a process. Prints its addresses as one JSON line on stdout once it is ready.

The secrets come from SANDBOX_STRIPE_SECRET_KEY, SANDBOX_STRIPE_PUBLISHABLE_KEY, SANDBOX_STRIPE_WEBHOOK_SECRET,
SANDBOX_CARRIER_KEY and SANDBOX_CARRIER_SECRET; SandboxConfig has their defaults.
"""

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop

from sandbox.app import Sandbox
from sandbox.core.config import SandboxConfig

STDIN = 0

Port = Annotated[int, typer.Option(min=0, max=65535, help="0 chooses a free port.")]


def main(
    port: Port = 8001,
    smtp_port: Port = 0,
    data: Annotated[Path | None, typer.Option(help="Folder of the database; by default it is in memory.")] = None,
    shop: Annotated[str, typer.Option(help="URL of the shop that webhooks are sent to.")] = "http://127.0.0.1:8000",
    carrier_pace_s: Annotated[float, typer.Option(min=0, help="Seconds between two steps of a parcel.")] = 2.0,
    watch_stdin: Annotated[bool, typer.Option("--watch-stdin", help="Exit when stdin closes.")] = False,
) -> None:
    """Run Stripe, a carrier and a mailbox on loopback, for tests and trials."""
    secrets = {
        name: os.environ[f"SANDBOX_{name.upper()}"]
        for name in SandboxConfig.__struct_fields__
        if name.startswith(("stripe_", "carrier_")) and f"SANDBOX_{name.upper()}" in os.environ
    }
    plain = {"port": port, "smtp_port": smtp_port, "data": data, "shop_url": shop, "carrier_pace_s": carrier_pace_s}
    try:
        uvloop.run(serve(msgspec.convert({**plain, **secrets}, SandboxConfig), watch_stdin))
    except OSError as error:  # A port that is taken, a folder that cannot be written.
        typer.echo(f"sandbox: {error}", err=True)
        raise typer.Exit(2) from None


async def serve(config: SandboxConfig, watch_stdin: bool) -> None:
    """Run until SIGTERM, SIGINT or, if watched, the end of stdin."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if watch_stdin:
        threading.Thread(target=_wait_for_end, args=(loop, stop), daemon=True).start()
    async with Sandbox(config, now=time.time) as sandbox:
        ready = msgspec.json.encode({"http": sandbox.http_url, "smtp": sandbox.smtp_url})
        typer.echo(ready)
        await stop.wait()


def _wait_for_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # os.read holds no lock that the interpreter would want when it ends, as reading sys.stdin does.
    while os.read(STDIN, 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    typer.run(main)
