"""The pictures of an import: by name, out of the zip beside the file, or by address. Each arrives as an upload does."""

import asyncio
import zipfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from anyio.to_thread import run_sync

from actors.imports.fetcher import Fetched, Fetcher
from actors.imports.private import RecordPiece
from actors.imports.staging import LinePlace, StagedPicture, Staging
from actors.imports.store import Job
from bus.goods.rows import PICTURES
from bus.messages.base import ProductId
from bus.messages.catalog import ReadProducts
from bus.messages.imports import KeptChange, ReportLine
from bus.messages.media import (
    MOST_BYTES,
    REFUSALS,
    DropImage,
    FinishImage,
    Image,
    ImageId,
    ListImages,
    StoreImage,
    TooManyImages,
    image_hash,
    upload_key,
)
from engine.actor import Bus
from engine.clock import Clock
from engine.errors import BadInput, Unavailable
from engine.objects import Objects

_AT_ONCE: Final = 4  # Products of one piece.
_PIECE: Final = 1 << 18  # Bytes of a file in memory.
_WITHIN_S: Final = 60.0


class Pictures:
    """Gets pictures, and has them stored."""

    def __init__(self, bus: Bus, objects: Objects, fetcher: Fetcher, clock: Clock) -> None:
        self._bus = bus
        self._objects = objects
        self._fetcher = fetcher
        self._clock = clock

    async def store(self, job: Job, staging: Staging, archive: Path | None, *, is_stored: bool) -> RecordPiece:
        """Store the pictures of the next products. What a product has already is left as it is.

        Args:
            job: The import.
            staging: Its lines.
            archive: The zip that came with the file.
            is_stored: As in `ContinueImport`.

        Raises:
            Unavailable: The store or an actor can't now; do it again.
        """
        wanted = staging.pictures(LinePlace(job.product, job.line), _AT_ONCE)
        products = {each.product_id for each in wanted}
        there = {each.id for each in (await self._bus.ask(ReadProducts(ids=tuple(products)))).products}
        stored = await self._bus.ask(ListImages(product_ids=tuple(products)))
        present = {each.product_id: {image.id for image in each.images} for each in stored.products}
        groups = [list(group) for _, group in groupby(wanted, lambda each: each.product_id)]
        groups = [group for group in groups if group[0].product_id in there]
        done = await asyncio.gather(
            *(self._of_product(group, present.get(group[0].product_id, set()), archive) for group in groups)
        )
        report = [line for failed, _ in done for line in failed]
        tried = sum(map(len, groups))
        return RecordPiece(
            id=job.id,
            step=job.step,
            is_stored=is_stored,
            phase="pictures" if wanted else "done",
            product=wanted[-1].place.product if wanted else 0,
            pictures=tried - len(report),
            pictures_failed=len(report),
            report=tuple(report),
            used=tuple(
                (group[0].product_id, image) for group, (_, new) in zip(groups, done, strict=True) for image in new
            ),
        )

    async def drop(self, job: Job, used: Sequence[tuple[int, ProductId, ImageId]], *, is_stored: bool) -> RecordPiece:
        """Take pictures from the products that an import gave them to, unless somebody has described them since."""
        stored = await self._bus.ask(ListImages(product_ids=tuple({product_id for _, product_id, _ in used})))
        alts = {(each.product_id, image.id): image.alt for each in stored.products for image in each.images}
        kept: list[KeptChange] = []
        restored = 0
        for _, product_id, image in used:
            if (product_id, image) not in alts:
                continue
            if alts[product_id, image]:
                kept.append(KeptChange(about=product_id, reason=f"picture {image} was described since"))
                continue
            await self._bus.ask(DropImage(product_id=product_id, id=image), timeout_s=_WITHIN_S)
            restored += 1
        return RecordPiece(
            id=job.id,
            step=job.step,
            is_stored=is_stored,
            phase="drops" if used else "counts",
            line=used[-1][0] if used else 0,
            restored=restored,
            kept=len(kept),
            kept_changes=tuple(kept),
        )

    async def _of_product(
        self, wanted: Sequence[StagedPicture], present: set[ImageId], archive: Path | None
    ) -> tuple[list[ReportLine], list[ImageId]]:
        """Store the pictures of one product, in their order; returns what could not be, and what is new."""
        failed: list[ReportLine] = []
        new: list[ImageId] = []
        for each in wanted:
            try:
                if (image := await self._one(each, present, archive)) is not None:
                    new.append(image)
            except BadInput as refused:
                reason = f"{PICTURES}: {each.source[:200]}: {refused}"
                failed.append(ReportLine(line=each.place.line, column=PICTURES, reason=reason))
        return failed, new

    async def _one(self, wanted: StagedPicture, present: set[ImageId], archive: Path | None) -> ImageId | None:
        """Store a picture; None if the product has it already."""
        with TemporaryDirectory(prefix="shopflow-import-") as folder:
            file = Path(folder) / "picture"
            if "://" in wanted.source:
                found = await self._fetcher.fetch(wanted.source, file)
            else:
                found = await run_sync(_extracted, archive, wanted.source, file)
            if found.id in present:
                return None
            key = upload_key(self._clock.now())
            await self._objects.put(key, file, "application/octet-stream")
        ask = StoreImage(product_id=wanted.product_id, id=found.id, upload=key, size=found.size)
        answer = await self._bus.ask(ask, timeout_s=_WITHIN_S)
        if isinstance(answer, TooManyImages):
            await self._objects.remove([key])
            raise BadInput(f"a product has at most {answer.most} pictures")
        await self._made(wanted.product_id, found.id)
        present.add(found.id)
        return found.id

    async def _made(self, product_id: str, image: ImageId) -> None:
        """Wait until a picture is made.

        Raises:
            BadInput: It is none that can be shown; the product has it no longer.
        """
        try:
            made = await self._bus.ask(FinishImage(id=image), timeout_s=_WITHIN_S)
        except Unavailable:  # Busy, or slow: it goes on by itself.
            return
        if isinstance(made, Image) and made.reason is not None:
            await self._bus.ask(DropImage(product_id=product_id, id=image))
            raise BadInput(REFUSALS[made.reason])


def _extracted(archive: Path | None, name: str, file: Path) -> Fetched:
    """Copy a file out of the zip.

    Raises:
        BadInput: It is not there, or too large.
    """
    if archive is None:
        raise BadInput("no pictures came with the file")
    try:
        with zipfile.ZipFile(archive) as zipped:
            return _copied(zipped, name, file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:  # Torn, or encrypted.
        raise BadInput("it can't be read out of the zip") from error


def _copied(zipped: zipfile.ZipFile, name: str, file: Path) -> Fetched:
    try:
        found = zipped.getinfo(name)
    except KeyError:
        raise BadInput("there is no such file among the pictures") from None
    named, size = image_hash(), 0
    with zipped.open(found) as source, file.open("wb") as copy:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > MOST_BYTES:  # Whatever its header says.
                raise BadInput(f"it is larger than {MOST_BYTES >> 20} MB")
            named.update(piece)
            copy.write(piece)
    if not size:
        raise BadInput("it is empty")
    return Fetched(named.hexdigest(), size)
