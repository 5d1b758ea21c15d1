"""Pictures of 12 megapixels: from the first byte sent until the picture can be shown, and what the shop pays for it.

Sent one after another and, in the second row, two at a time, as many as are decoded at once. Each is another picture.
The memory is that of the shop's own process: the pictures themselves are decoded in children.
"""

import asyncio
import io
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
from PIL import Image

from testkit.programs import command, program

PICTURES = 20
SIZE = (4000, 3000)
_IMAGES = "/admin/api/products/MUG/images"


@dataclass
class Row:
    """The times from send to shown, with so many senders."""

    senders: int
    took_s: list[float] = field(default_factory=list)
    grew_mb: float = 0.0


async def measure(folder: Path) -> list[Row]:
    """Send pictures to a shop with its sample goods."""
    rows = [Row(1), Row(2)]
    with program(folder) as shop:
        headers = {"Authorization": f"Bearer {command(shop.folder, 'token').strip()}"}
        async with aiohttp.ClientSession(shop.url, headers=headers) as http:
            await _send(http, photo())
            for row in rows:
                before = psutil.Process(shop.process_id).memory_info().rss
                each = PICTURES // row.senders
                await asyncio.gather(*(_sender(http, each, row.took_s) for _ in range(row.senders)))
                row.grew_mb = (psutil.Process(shop.process_id).memory_info().rss - before) / 1e6
    return rows


async def _sender(http: aiohttp.ClientSession, pictures: int, took_s: list[float]) -> None:
    for _ in range(pictures):
        content = await asyncio.to_thread(photo)
        begun = time.perf_counter()
        sent = await _send(http, content)
        took_s.append(time.perf_counter() - begun)
        async with http.delete(f"/admin/api/images/{sent}") as answer:  # A product has 30 at most.
            assert answer.status == 204, await answer.text()


async def _send(http: aiohttp.ClientSession, content: bytes) -> str:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(content), filename="photo.jpg")
    async with http.post(_IMAGES, data=form) as answer:
        sent = await answer.json()
        assert (answer.status, sent["state"]) == (201, "ready"), sent
        return str(sent["id"])


def photo() -> bytes:
    """Make a picture with the detail of a photo: some megabytes as JPEG."""
    written = io.BytesIO()
    grain = Image.effect_noise((SIZE[0] // 4, SIZE[1] // 4), 60).resize(SIZE, Image.Resampling.BICUBIC)
    light = Image.radial_gradient("L").resize(SIZE)
    Image.merge("RGB", (grain, light, Image.blend(grain, light, 0.5))).save(written, "JPEG", quality=90)
    return written.getvalue()
