"""The SQL of pictures."""

from collections.abc import Collection, Sequence
from typing import Final

from asyncpg import Record

from actors.media.private import RecordRendering
from actors.media.rules import BookedImage, original_of
from bus.messages.base import ProductId
from bus.messages.media import Image, ImageId, ImageState, PicturesShown, Rendition, StoreImage
from engine.postgres import Database
from engine.transaction import Transaction

# One that was refused is tried anew: its upload may have been lost, or its decoder busy.
_ADD: Final = """
insert into media.files (id, state, size, stored_at) values ($1, 'waiting', $2, $3)
on conflict (id) do update set unused_since = null,
    state = case files.state when 'refused' then 'waiting' else files.state end,
    reason = case files.state when 'refused' then null else files.reason end"""
_USE: Final = """
insert into media.uses (product_id, image_id, place, alt)
values ($1, $2, (select coalesce(max(place), 0) + 1 from media.uses where product_id = $1), $3)"""
_USED: Final = "select image_id from media.uses where product_id = $1 order by place, image_id for update"
_USERS: Final = "select product_id from media.uses where image_id = $1 order by product_id"
_ARRANGE: Final = """
update media.uses u set place = n.place from unnest($2::text[]) with ordinality as n (image_id, place)
where u.product_id = $1 and u.image_id = n.image_id"""
_DESCRIBE: Final = "update media.uses set alt = $3 where product_id = $1 and image_id = $2 returning image_id"
_DROP: Final = """
delete from media.uses where product_id = $1 and ($2::text is null or image_id = $2) returning image_id"""
# In the order of their ids, so that two turns never deadlock.
_LOCK: Final = "select id, state, unused_since from media.files where id = any($1) order by id for update"
_UNUSED: Final = """
update media.files f set unused_since = $2
where id = any($1) and unused_since is null and not exists (select from media.uses u where u.image_id = f.id)
returning id"""
# In the order of ids, likewise. Whoever counts a product has it for itself until its transaction ends.
_COUNT_SHOWN: Final = """
insert into media.shown (product_id, version) select id, 1 from unnest($1::text[]) as n (id) order by id
on conflict (product_id) do update set version = shown.version + 1
returning product_id, version"""
_NOT_SHOWN: Final = """
select distinct u.product_id from media.uses u where u.product_id > $1
    and not exists (select from media.shown s where s.product_id = u.product_id)
order by u.product_id limit $2"""
_FORGET_USES: Final = "delete from media.uses where image_id = $1"
_FORGET: Final = "delete from media.files where id = $1"
_RECORD: Final = """
update media.files set state = case when $2::text is null then 'ready' else 'refused' end, reason = $2,
    width = $3, height = $4, colour = $5, placeholder = $6
where id = $1 returning id"""
_AGAIN: Final = """
update media.files f set state = 'waiting', reason = null,
    unused_since = case when exists (select from media.uses u where u.image_id = f.id) then null else unused_since end
where id = $1 returning id"""
_FORGET_RENDITIONS: Final = "delete from media.renditions where image_id = $1"
_ADD_RENDITIONS: Final = """
insert into media.renditions (key, image_id, format, width, height)
select key, $1, format, width, height
from unnest($2::text[], $3::text[], $4::integer[], $5::integer[]) as n (key, format, width, height)
where exists (select from media.files where id = $1)
on conflict (key) do nothing"""
_STATE: Final = """
select state, exists (select from media.renditions r where r.image_id = f.id and r.format = 'avif') as is_improved
from media.files f where id = $1"""
_IMAGE: Final = """
f.id, f.state, f.reason, f.width, f.height, f.colour, f.placeholder,
array(select (r.key, r.format, r.width, r.height) from media.renditions r where r.image_id = f.id
    order by r.format, r.width) as renditions"""
_OF_PRODUCTS: Final = f"""
select u.product_id, u.alt, {_IMAGE} from media.uses u join media.files f on f.id = u.image_id
where u.product_id = any($1) order by u.product_id, u.place, u.image_id"""  # noqa: S608 - columns, and no value
_ONE: Final = f"select '' as product_id, '' as alt, {_IMAGE} from media.files f where f.id = $1"  # noqa: S608 - likewise
_KEPT: Final = """
select f.id, f.state, f.unused_since, array(select key from media.renditions r where r.image_id = f.id) as keys,
    (select count(*) from media.uses u where u.image_id = f.id)::int as uses
from media.files f where f.id > $1 order by f.id limit $2"""


async def add(tx: Transaction, ask: StoreImage) -> None:
    """Store a picture's row, if there is none, and use it for a product."""
    await tx.execute(_ADD, ask.id, ask.size, tx.now)
    await tx.execute(_USE, ask.product_id, ask.id, ask.alt)


async def used(tx: Transaction, product_id: ProductId) -> list[ImageId]:
    """Lock a product's uses; return its pictures in their order."""
    return [row["image_id"] for row in await tx.fetch(_USED, product_id)]


async def users(tx: Transaction, image: ImageId) -> tuple[ProductId, ...]:
    """Return the products that use a picture."""
    return tuple(row["product_id"] for row in await tx.fetch(_USERS, image))


async def shown(tx: Transaction, product_ids: Collection[ProductId]) -> list[PicturesShown]:
    """Count what is told of these products, and read what they show now; nothing of no products."""
    if not product_ids:
        return []
    counted = await tx.fetch(_COUNT_SHOWN, sorted({*product_ids}))
    images = await of_products(tx, [row["product_id"] for row in counted])
    return [
        PicturesShown(
            product_id=row["product_id"],
            version=row["version"],
            images=tuple(each for each in images.get(row["product_id"], ()) if each.state == "ready"),
        )
        for row in counted
    ]


async def not_shown(tx: Transaction, after: ProductId, limit: int) -> list[ProductId]:
    """Read which products with pictures were never told of, by id, from one on."""
    return [row["product_id"] for row in await tx.fetch(_NOT_SHOWN, after, limit)]


async def arrange(tx: Transaction, product_id: ProductId, order: Sequence[ImageId]) -> None:
    """Number a product's pictures in this order."""
    await tx.execute(_ARRANGE, product_id, list(order))


async def describe(tx: Transaction, product_id: ProductId, image: ImageId, alt: str) -> bool:
    """Set the words for a picture of a product; False if it has no such picture."""
    return await tx.row(_DESCRIBE, product_id, image, alt) is not None


async def drop(tx: Transaction, product_id: ProductId, image: ImageId | None = None) -> list[ImageId]:
    """Delete a product's use of one picture, or of all; return those that it used."""
    return [row["image_id"] for row in await tx.fetch(_DROP, product_id, image)]


async def mark_unused(tx: Transaction, images: Collection[ImageId]) -> list[ImageId]:
    """Note since when nobody uses these pictures; return those of which that is new."""
    await tx.fetch(_LOCK, list(images))
    return [row["id"] for row in await tx.fetch(_UNUSED, list(images), tx.now)]


async def lock(tx: Transaction, image: ImageId) -> Record | None:
    """Lock a picture; return its state and the time since when nobody uses it."""
    return await tx.row(_LOCK, [image])


async def forget(tx: Transaction, image: ImageId) -> None:
    """Delete a picture's rows, and all its uses."""
    await tx.execute(_FORGET_USES, image)
    await tx.execute(_FORGET, image)


async def record(tx: Transaction, ask: RecordRendering) -> bool:
    """Record what was made of a picture; False if its row is gone."""
    look = ask.look
    size = (look.width, look.height, look.colour, look.placeholder) if look else (0, 0, "", "")
    if await tx.row(_RECORD, ask.id, ask.reason, *size) is None:
        return False
    await add_renditions(tx, ask.id, ask.renditions)
    return True


async def make_again(tx: Transaction, image: ImageId) -> bool:
    """Let a picture wait to be made again; False if there is none."""
    await tx.execute(_FORGET_RENDITIONS, image)
    return await tx.row(_AGAIN, image) is not None


async def add_renditions(tx: Transaction, image: ImageId, renditions: Sequence[Rendition]) -> None:
    """Store the files of a picture, if it is still there."""
    await tx.execute(
        _ADD_RENDITIONS,
        image,
        [each.key for each in renditions],
        [each.format for each in renditions],
        [each.width for each in renditions],
        [each.height for each in renditions],
    )


async def state(database: Database, image: ImageId) -> tuple[ImageState, bool] | None:
    """Return a picture's state, and whether it is there as AVIF; None if there is none."""
    rows = await database.fetch(_STATE, image)
    return (rows[0]["state"], rows[0]["is_improved"]) if rows else None


async def of_products(tx: Transaction, product_ids: Collection[ProductId]) -> dict[ProductId, list[Image]]:
    """Read the pictures of products, in their order."""
    found: dict[ProductId, list[Image]] = {}
    for row in await tx.fetch(_OF_PRODUCTS, list(product_ids)):
        found.setdefault(row["product_id"], []).append(_image(row))
    return found


async def one(tx: Transaction, image: ImageId) -> Image | None:
    """Read a picture, without the words of any use."""
    row = await tx.row(_ONE, image)
    return _image(row) if row else None


async def kept(database: Database, after: ImageId, limit: int) -> list[BookedImage]:
    """Read a page of pictures, by id, for the audit."""
    return [
        BookedImage(
            id=row["id"],
            is_ready=row["state"] == "ready",
            keys=frozenset({original_of(row["id"]), *row["keys"]} if row["state"] == "ready" else ()),
            uses=row["uses"],
            unused_since=row["unused_since"],
        )
        for row in await database.fetch(_KEPT, after, limit)
    ]


def _image(row: Record) -> Image:
    renditions = tuple(
        Rendition(key=key, format=kind, width=width, height=height) for key, kind, width, height in row["renditions"]
    )
    fields = ("id", "product_id", "alt", "state", "reason", "width", "height", "colour", "placeholder")
    return Image(**{name: row[name] for name in fields}, renditions=renditions)
