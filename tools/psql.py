"""psql at the shop's database, whether it is embedded or your own: `make psql`. Words after it are psql's."""

import asyncio
import subprocess
import sys

from cli.running import run
from engine.embedded.account import programs
from engine.services import open_services
from wiring.domains import ShopSettings


async def psql(settings: ShopSettings) -> None:
    """Run psql while the servers are kept running."""
    async with open_services(settings.engine) as services:
        words = [str(programs() / "psql"), services.database_url, *sys.argv[1:]]
        done = await asyncio.to_thread(subprocess.run, words, check=False)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    run(psql)
