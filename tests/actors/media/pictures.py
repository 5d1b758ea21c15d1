"""Pictures of a shop under test, as tests send them and look at them."""

from collections.abc import Sequence
from pathlib import Path

from bus.messages.media import Image, ListImages, StoreImage, image_hash
from testkit.shop_under_test import Killed, ShopUnderTest

_FILES = """
insert into media.files (id, state, size, width, height, stored_at)
select id, 'ready', 9, 320, 240, $2 from unnest($1::text[]) as n (id)"""
_RENDITIONS = """
insert into media.renditions (key, image_id, format, width, height)
select 'i/' || id || '/320.webp', id, 'webp', 320, 240 from unnest($1::text[]) as n (id)"""
_USES = """
insert into media.uses (product_id, image_id, place, alt)
select product, id, 1, '' from unnest($1::text[], $2::text[]) as n (id, product)"""


async def sent(shop: ShopUnderTest, folder: Path, content: bytes, product: str = "MUG", alt: str = "") -> StoreImage:
    """Put a picture into the store as the edge does; gives the command that uses it."""
    named = image_hash()
    named.update(content)
    image = named.hexdigest()
    file, key = folder / image, f"incoming/{image}"
    file.write_bytes(content)
    await shop.inside.objects.put(key, file, "application/octet-stream")
    return StoreImage(product_id=product, id=image, upload=key, size=len(content), alt=alt)


async def upload(shop: ShopUnderTest, folder: Path, content: bytes, product: str = "MUG", alt: str = "") -> str:
    """Send a picture as the edge does, however often the shop is killed meanwhile; returns its id."""
    ask = await sent(shop, folder, content, product, alt)
    for _ in range(3):
        try:
            answer = await shop.ask(ask)
        except Killed:
            continue
        assert isinstance(answer, Image)
        break
    return ask.id


async def of(shop: ShopUnderTest, product: str = "MUG") -> Sequence[Image]:
    """The pictures of a product, in their order."""
    found = (await shop.ask(ListImages(product_ids=(product,)))).products
    return found[0].images if found else ()


async def stock(shop: ShopUnderTest, count: int, of_each: int) -> list[str]:
    """Give products P0, P1 and so on pictures that nobody has rendered, with rows and files; gives the products."""
    ids = [f"{number:032x}" for number in range(count)]
    products = [f"P{number // of_each}" for number in range(count)]
    home = shop.inside.settings.engine.shopflow_data / "media"
    for image in ids:
        for key in (f"originals/{image}", f"i/{image}/320.webp"):
            (home / key).parent.mkdir(parents=True, exist_ok=True)
            (home / key).write_bytes(b"a picture")
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        await tx.execute(_FILES, ids, tx.now)
        await tx.execute(_RENDITIONS, ids)
        await tx.execute(_USES, ids, products)
    return list(dict.fromkeys(products))


async def objects(shop: ShopUnderTest) -> list[str]:
    """The keys of all objects."""
    return [key for prefix in ("i/", "originals/", "incoming/") async for key in shop.inside.objects.keys(prefix)]
