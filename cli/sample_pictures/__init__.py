"""The pictures of the sample goods, drawn by tools/pictures; a shop on trial shows them from its first start.

They are fit for the web as they are, so nothing is made of them: a first start should not wait for that, nor a machine.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from bus.messages.media import UPLOADS, AdoptImage, Look, image_hash
from engine.actor import Bus
from engine.objects import Objects

PICTURES: Final = Path(__file__).parent
_PATIENCE_S: Final = 60.0


class SamplePicture(msgspec.Struct, frozen=True):
    """The size of a picture, and what stands in for it."""

    width: int
    height: int
    colour: str
    placeholder: str


async def import_pictures(bus: Bus, objects: Objects, titles: Mapping[str, str]) -> None:
    """Give the sample goods their pictures, each described by its product's title."""
    listed = msgspec.json.decode((PICTURES / "list.json").read_bytes(), type=dict[str, SamplePicture])
    known = {product: picture for product, picture in listed.items() if product in titles}
    await asyncio.gather(*(_import(bus, objects, product, titles[product], known[product]) for product in known))


async def _import(bus: Bus, objects: Objects, product: str, title: str, picture: SamplePicture) -> None:
    file = PICTURES / f"{product}.webp"
    named, key = image_hash(), f"{UPLOADS}sample-{product}"
    named.update(file.read_bytes())
    await objects.put(key, file, "image/webp")
    ask = AdoptImage(
        id=named.hexdigest(),
        product_id=product,
        upload=key,
        size=file.stat().st_size,
        alt=title,
        look=Look(width=picture.width, height=picture.height, colour=picture.colour, placeholder=picture.placeholder),
    )
    await bus.ask(ask, timeout_s=_PATIENCE_S)
