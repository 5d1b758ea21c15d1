"""Pictures of a shop under test, as tests send them and look at them."""

from collections.abc import Sequence
from pathlib import Path

from bus.messages.media import Image, ListImages, StoreImage, image_hash
from testkit.shop_under_test import Killed, ShopUnderTest


async def upload(shop: ShopUnderTest, folder: Path, content: bytes, product: str = "MUG", alt: str = "") -> str:
    """Send a picture as the edge does, however often the shop is killed meanwhile; returns its id."""
    named = image_hash()
    named.update(content)
    image = named.hexdigest()
    file, key = folder / image, f"incoming/{image}"
    file.write_bytes(content)
    await shop.inside.objects.put(key, file, "application/octet-stream")
    for _ in range(3):
        try:
            answer = await shop.ask(StoreImage(product_id=product, id=image, upload=key, size=len(content), alt=alt))
        except Killed:
            continue
        assert isinstance(answer, Image)
        break
    return image


async def of(shop: ShopUnderTest, product: str = "MUG") -> Sequence[Image]:
    """The pictures of a product, in their order."""
    found = (await shop.ask(ListImages(product_ids=(product,)))).products
    return found[0].images if found else ()


async def objects(shop: ShopUnderTest) -> list[str]:
    """The keys of all objects."""
    return [key for prefix in ("i/", "originals/", "incoming/") async for key in shop.inside.objects.keys(prefix)]
