"""Pictures: turns that keep the books, calls that make, improve and delete them.

All that touches the objects of a picture has its id as key, so it happens in one lane, in order: a picture that is
deleted and uploaded again in the same moment is made after the deletion.

Rejected: docs/decisions/0031.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress

from actors.media import remaking, rules, store, uploads, worker
from actors.media.cdn import Cdn
from actors.media.making import Making
from actors.media.ownership import check_owner
from actors.media.private import (
    EndUpload,
    ForgetImage,
    ImproveImage,
    RecordAdoption,
    RecordImprovement,
    RecordRemake,
    RecordRendering,
    RecordUpload,
    RemakeImage,
    RemoveObjects,
    RemoveRenditions,
    RemoveUpload,
    RenderAgain,
    RenderImage,
    ShowMissing,
)
from bus.messages.audit import RULES, BooksRepaired, Finding, Findings, RepairMade, Repairs
from bus.messages.base import new_id
from bus.messages.catalog import ProductRemoved
from bus.messages.media import (
    LONGEST_ALT,
    MOST_BYTES,
    MOST_IMAGES,
    MOST_UPLOADS,
    RENDITIONS,
    UPLOADS,
    AdoptImage,
    ArrangeImages,
    AuditMedia,
    BeginUpload,
    CarryPictures,
    CompleteUpload,
    DescribeImage,
    DropImage,
    FinishImage,
    Image,
    ImageDropped,
    ImageId,
    ImageImproved,
    ImageReady,
    ImageRefused,
    ImageUnused,
    ListImages,
    ManyProductImages,
    NoSuchImage,
    NoSuchUpload,
    ProductImages,
    RepairMedia,
    StoreImage,
    TakeDownImage,
    TakenDown,
    TooManyImages,
    TooManyUploads,
    UploadBegun,
    UploadMissing,
    upload_key,
)
from engine.actor import Actor, Bus, call, turn
from engine.clock import Clock
from engine.envelope import Envelope
from engine.errors import BadInput, BadSetting, NoRoom, Unavailable
from engine.objects import Objects
from engine.postgres import Database
from engine.transaction import Transaction

_MAKING_S = 200.0  # Three children, each to its deadline.
_PAGE = 1000


class Media(Actor):
    """Keeps pictures, and where they are used. The only writer of their objects, uploads aside."""

    def __init__(self, *, bus: Bus, database: Database, objects: Objects, cdn: Cdn, clock: Clock) -> None:
        self._bus = bus
        self._database = database
        self._objects = objects
        self._cdn = cdn
        self._clock = clock
        self._making = Making(objects)

    async def run(self) -> None:
        """Make pictures again, tell of those that were never told of, delete the uploads that a crash has left behind.

        What can't be asked is left to the next start. (Another shop's bucket: it was away before.)
        """
        with suppress(Unavailable, BadSetting):
            if await remaking.is_any_earlier(self._database, worker.RECIPE):
                self._bus.tell(RenderAgain(recipe=worker.RECIPE))
            last = ""
            while last := await self._bus.ask(ShowMissing(after=last)):
                pass
            await check_owner(self._objects, self._database)
            now = self._clock.now()
            left = [key async for key in self._objects.keys(UPLOADS) if rules.is_left_behind(key, now)]
            await self._objects.remove(left)

    @turn
    async def add(self, tx: Transaction, ask: StoreImage) -> Image | TooManyImages:
        if not 0 < ask.size <= MOST_BYTES or not ask.upload.startswith(UPLOADS):
            raise BadInput("an upload of 1 byte to 20 MB")
        _check_alt(ask.alt)
        return await self._use(tx, ask)

    @turn
    async def begin_upload(self, tx: Transaction, ask: BeginUpload) -> UploadBegun | TooManyUploads:
        if not 0 < ask.size <= MOST_BYTES:
            raise BadInput("size: 1 byte to 20 MB")
        _check_alt(ask.alt)
        if await uploads.count(tx) >= MOST_UPLOADS:
            return TooManyUploads(most=MOST_UPLOADS)
        upload_id, expires_at = new_id("upl"), tx.now + rules.UPLOAD_LASTS
        key = upload_key(tx.now)
        await uploads.begin(tx, ask, upload_id, key, expires_at)
        tx.schedule(EndUpload(id=upload_id), expires_at + rules.UPLOAD_KEPT)
        return UploadBegun(id=upload_id, key=key, expires_at=expires_at)

    @call(limit=4, timeout_s=60)
    async def complete_upload(self, ask: CompleteUpload) -> RecordUpload | NoSuchUpload | UploadMissing:
        upload = await uploads.read(self._database, ask.id)
        if upload is None:
            return NoSuchUpload(id=ask.id)
        if upload.image_id is not None:
            return RecordUpload(id=ask.id, image_id=upload.image_id)
        if await self._objects.size(upload.key) != upload.size:
            return UploadMissing(id=ask.id)
        image = await self._making.name(upload.key)
        return RecordUpload(id=ask.id, image_id=image) if image else UploadMissing(id=ask.id)

    @turn
    async def record_upload(
        self, tx: Transaction, ask: RecordUpload
    ) -> Image | NoSuchUpload | UploadMissing | TooManyImages:
        upload = await uploads.lock(tx, ask.id)
        if upload is None:
            return NoSuchUpload(id=ask.id)
        answer = await self._use(
            tx,
            StoreImage(
                product_id=upload.product_id, id=ask.image_id, upload=upload.key, size=upload.size, alt=upload.alt
            ),
        )
        if isinstance(answer, Image):
            await uploads.complete(tx, ask.id, ask.image_id)
        return answer

    @turn
    async def end_upload(self, tx: Transaction, ask: EndUpload) -> None:
        if key := await uploads.end(tx, ask.id):
            tx.send(RemoveUpload(key=key))

    @call(limit=2)
    async def remove_upload(self, ask: RemoveUpload) -> None:
        await self._objects.remove([ask.key])

    @call(limit=4, timeout_s=_MAKING_S)
    async def render(self, ask: RenderImage) -> RecordRendering | None:
        known = await store.state(self._database, ask.id)
        if known is None or known[0] == "ready":
            await self._objects.remove([ask.upload] if ask.upload else [])
            return None
        if known[0] == "refused" and (not ask.upload or await self._objects.size(ask.upload) is None):
            return None  # A repeat, whose upload was read the first time: its reason stands.
        try:
            made = await self._making.first(ask.id, ask.upload)
        except Unavailable as error:  # A hint for staff: the call is retried in any case.
            async with self._database.transaction(self._clock.now()) as tx:
                await store.note_wait(tx, ask.id, "no_room" if isinstance(error, NoRoom) else "away")
            raise
        # Likewise a repeat whose upload went in this moment.
        return None if known[0] == "refused" and made.reason == "lost" else made

    @turn
    async def record(self, tx: Transaction, ask: RecordRendering) -> None:
        if ask.upload:
            tx.send(RemoveUpload(key=ask.upload))
        if not await store.record(tx, ask):
            tx.send(RemoveObjects(id=ask.id))
        elif ask.reason is not None:
            tx.publish(ImageRefused(id=ask.id, reason=ask.reason))
        else:
            users = await store.users(tx, [ask.id])
            tx.publish(ImageReady(id=ask.id, product_ids=users), *await store.shown(tx, users))
            tx.send(ImproveImage(id=ask.id))

    @call(limit=1, timeout_s=_MAKING_S)  # One at a time: pictures that can't be shown at all go first.
    async def improve(self, ask: ImproveImage) -> RecordImprovement | None:
        known = await store.state(self._database, ask.id)
        return await self._making.improve(ask.id) if known == ("ready", False) else None

    @turn
    async def record_improvement(self, tx: Transaction, ask: RecordImprovement) -> None:
        await store.add_renditions(tx, ask.id, ask.renditions)
        users = await store.users(tx, [ask.id])
        tx.publish(ImageImproved(id=ask.id, product_ids=users), *await store.shown(tx, users))

    @turn
    async def render_again(self, tx: Transaction, ask: RenderAgain) -> None:
        for image in await remaking.take(tx, ask.recipe, rules.MOST_REMADE):
            tx.send(RemakeImage(id=image, recipe=ask.recipe))

    @call(limit=1, timeout_s=2 * _MAKING_S)  # Behind all others: it has files that can be shown.
    async def remake(self, ask: RemakeImage) -> RecordRemake:
        if ask.recipe > worker.RECIPE:
            raise Unavailable("this version of the shop", f"it does not know recipe {ask.recipe}", retry_after_s=60.0)
        if await remaking.is_earlier(self._database, ask.id, worker.RECIPE):
            return await self._making.again(ask.id)
        return RecordRemake(id=ask.id, recipe=worker.RECIPE)

    @turn
    async def record_remake(self, tx: Transaction, ask: RecordRemake) -> None:
        old = await remaking.record(tx, ask)
        if old is None:
            tx.send(RemoveObjects(id=ask.id))
        elif ask.renditions:
            tx.schedule(RemoveRenditions(id=ask.id, keys=old), tx.now + rules.UNUSED_FOR)
            users = await store.users(tx, [ask.id])
            tx.publish(ImageImproved(id=ask.id, product_ids=users), *await store.shown(tx, users))
        tx.send(RenderAgain(recipe=ask.recipe))

    @call(limit=2)
    async def remove_renditions(self, ask: RemoveRenditions) -> None:
        await self._objects.remove(await remaking.without_row(self._database, ask.keys))

    @call(limit=8)
    async def adopt(self, ask: AdoptImage) -> RecordAdoption:
        _check_alt(ask.alt)
        return await self._making.adopt(ask)

    @turn
    async def record_adoption(self, tx: Transaction, ask: RecordAdoption) -> Image | TooManyImages:
        present = await store.used(tx, ask.ask.product_id)
        if ask.id not in present:
            if len(present) >= MOST_IMAGES:
                return TooManyImages(most=MOST_IMAGES)
            await store.add(tx, ask.ask)
            made = RecordRendering(id=ask.id, look=ask.look, renditions=(ask.rendition,), recipe=ask.recipe)
            await store.record(tx, made)
            tx.publish(*await store.shown(tx, await store.users(tx, [ask.id])))
        return await self._of_product(tx, ask.ask.product_id, ask.id)

    @turn
    async def finish(self, tx: Transaction, ask: FinishImage) -> Image | NoSuchImage:
        return await store.one(tx, ask.id) or NoSuchImage(id=ask.id)

    @turn
    async def list_images(self, tx: Transaction, asks: Sequence[ListImages]) -> Sequence[ManyProductImages]:
        found = await store.of_products(tx, {each for ask in asks for each in ask.product_ids})
        products = {each: ProductImages(product_id=each, images=tuple(images)) for each, images in found.items()}
        return [
            ManyProductImages(products=tuple(products[each] for each in ask.product_ids if each in products))
            for ask in asks
        ]

    @turn
    async def arrange(self, tx: Transaction, ask: ArrangeImages) -> ProductImages | NoSuchImage:
        order = rules.arranged(await store.used(tx, ask.product_id), ask.ids)
        if isinstance(order, str):
            return NoSuchImage(id=order)
        await store.arrange(tx, ask.product_id, order)
        tx.publish(*await store.shown(tx, [ask.product_id]))
        images = await store.of_products(tx, {ask.product_id})
        return ProductImages(product_id=ask.product_id, images=tuple(images.get(ask.product_id, ())))

    @turn
    async def describe(self, tx: Transaction, ask: DescribeImage) -> Image | NoSuchImage:
        if refused := rules.description_refusal(ask):
            raise BadInput(refused)
        if not await store.describe(tx, ask):
            return NoSuchImage(id=ask.id)
        tx.publish(*await store.shown(tx, [ask.product_id]))
        return await self._of_product(tx, ask.product_id, ask.id)

    @turn
    async def carry(self, tx: Transaction, ask: CarryPictures) -> None:
        if await store.carry(tx, ask):
            tx.publish(*await store.shown(tx, [ask.product_id]))

    @turn
    async def drop(self, tx: Transaction, ask: DropImage) -> ImageUnused | NoSuchImage:
        if not await store.drop(tx, ask.product_id, ask.id):
            return NoSuchImage(id=ask.id)
        await self._unused(tx, [ask.id])
        tx.publish(*await store.shown(tx, [ask.product_id]))
        return ImageUnused(id=ask.id)

    @turn
    async def drop_all(self, tx: Transaction, events: Sequence[ProductRemoved]) -> None:
        dropped = await store.drop_all(tx, {event.product_id for event in events})
        await self._unused(tx, [image for _, image in dropped])
        tx.publish(*await store.shown(tx, {product_id for product_id, _ in dropped}))

    @turn
    async def show_missing(self, tx: Transaction, ask: ShowMissing) -> str:
        found = await store.not_shown(tx, ask.after, _PAGE)
        tx.publish(*await store.shown(tx, found))
        return max(found, default="")

    @turn
    async def forget(self, tx: Transaction, asks: Sequence[ForgetImage]) -> None:
        known = await store.lock(tx, {ask.id for ask in asks})
        await self._delete(tx, [image for image, unused in known.items() if rules.is_forgotten(unused, tx.now)])

    @turn
    async def take_down(self, tx: Transaction, ask: TakeDownImage) -> TakenDown | NoSuchImage:
        if not await store.lock(tx, [ask.id]):
            return NoSuchImage(id=ask.id)
        await self._delete(tx, [ask.id], from_cdn=True)
        return TakenDown(id=ask.id)

    @call(limit=2, timeout_s=60)
    async def remove_objects(self, ask: RemoveObjects, envelope: Envelope) -> None:
        if await store.state(self._database, ask.id) is None or ask.from_cdn:
            folder = f"{RENDITIONS}{ask.id}/"
            keys = [key async for key in self._objects.keys(folder)]
            await self._objects.remove([*keys, rules.original_of(ask.id)])
            if ask.from_cdn:
                await self._cdn.forget(f"/{folder}*", reference=envelope.id)

    @call(limit=1, timeout_s=300)
    async def audit(self, ask: AuditMedia) -> Findings:
        """Look twice, and report what is the same both times: pictures come and go meanwhile."""
        del ask
        await check_owner(self._objects, self._database)
        found, checked = await self._compare()
        if found:
            again, checked = await self._compare()
            found = [finding for finding in found if finding in again]
        return Findings(findings=tuple(found), checked=checked)

    @turn
    async def repair(self, tx: Transaction, ask: RepairMedia) -> Repairs:
        if await store.make_again(tx, ask.id):
            tx.send(RenderImage(id=ask.id))
            made = RepairMade(rule=RULES["image_has_objects"], about=ask.id, before="missing", after="made again")
        else:
            tx.send(RemoveObjects(id=ask.id))
            made = RepairMade(rule=RULES["object_has_image"], about=ask.id, before="without one", after="deleted")
        await self._unused(tx, [ask.id])
        tx.publish(*await store.shown(tx, await store.users(tx, [ask.id])))
        tx.publish(BooksRepaired.of(made, tx.now))
        return Repairs(repairs=(made,))

    async def _compare(self) -> tuple[list[Finding], int]:
        objects = [key for prefix in (RENDITIONS, rules.ORIGINALS) async for key in self._objects.keys(prefix)]
        kept: dict[ImageId, rules.BookedImage] = {}
        while page := await store.kept(self._database, max(kept, default=""), _PAGE):
            kept |= {each.id: each for each in page}
        return list(rules.findings(kept, objects)), len(kept)

    async def _use(self, tx: Transaction, ask: StoreImage) -> Image | TooManyImages:
        present = await store.used(tx, ask.product_id)
        if ask.id not in present:
            if len(present) >= MOST_IMAGES:
                return TooManyImages(most=MOST_IMAGES)
            await store.add(tx, ask)
        tx.send(RenderImage(id=ask.id, upload=ask.upload))
        image = await self._of_product(tx, ask.product_id, ask.id)
        if image.state == "ready":  # As another product uses it already; else it is told once it is made.
            tx.publish(*await store.shown(tx, [ask.product_id]))
        return image

    @staticmethod
    async def _of_product(tx: Transaction, product_id: str, image: ImageId) -> Image:
        images = await store.of_products(tx, {product_id})
        return next(each for each in images[product_id] if each.id == image)

    @staticmethod
    async def _unused(tx: Transaction, images: Collection[ImageId]) -> None:
        for image in await store.mark_unused(tx, images):
            tx.schedule(ForgetImage(id=image), tx.now + rules.UNUSED_FOR)

    @staticmethod
    async def _delete(tx: Transaction, images: Collection[ImageId], *, from_cdn: bool = False) -> None:
        users = await store.users(tx, images)
        await store.forget(tx, images)
        tx.publish(*await store.shown(tx, users))
        for image in images:
            tx.send(RemoveObjects(id=image, from_cdn=from_cdn))
            tx.publish(ImageDropped(id=image))


def _check_alt(alt: str) -> None:
    if len(alt) > LONGEST_ALT or (refused := rules.alt_refusal(alt)):
        raise BadInput(refused if len(alt) <= LONGEST_ALT else f"alt: at most {LONGEST_ALT} characters")
