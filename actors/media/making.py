"""The making of a picture: its upload is fetched, rendered by a child, and stored under names of its content."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio
from anyio.to_thread import run_sync
from msgspec import structs

from actors.media import worker
from actors.media.child import Rendering, Step, render
from actors.media.private import RecordAdoption, RecordImprovement, RecordRemake, RecordRendering
from actors.media.rules import folder_of, original_of
from bus.messages.media import (
    MOST_BYTES,
    REFUSALS,
    AdoptImage,
    ImageId,
    Look,
    Refused,
    Rendition,
    StoreImage,
    image_hash,
)
from engine.crash import CrashPoint
from engine.errors import BadInput
from engine.files import disk_errors
from engine.objects import Objects

_AT_ONCE: Final = 2  # Children: each may use a core and 640 MiB.
_TYPES: Final = {"webp": "image/webp", "avif": "image/avif", "jpeg": "image/jpeg"}

_KEPT = CrashPoint("original-kept", "The original of a picture is stored; none of its files is.")
_STORED = CrashPoint(
    "renditions-stored", "The files of a picture are stored; no row has them, and its upload is there."
)
_CLEARED = CrashPoint("upload-removed", "The files of a picture are stored, and its upload is gone; no row has them.")
_HALF_REMADE = CrashPoint("half-remade", "A picture is half made by a new recipe; its row has the old files.")
_REMADE = CrashPoint("remade", "A picture is made by a new recipe; its row has the old files.")


class Making:
    """Makes pictures, few at a time."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._children = anyio.CapacityLimiter(_AT_ONCE)
        self._behind = anyio.CapacityLimiter(1)  # Of those, for pictures that can be shown already.

    async def first(self, image: ImageId, upload: str) -> RecordRendering:
        """Make a picture of its upload, or of its original; repeated after a crash, it ends the same.

        Raises:
            Unavailable: The store, the disk or the machine can't now; retry.
        """
        async with _room() as (original, folder):
            is_new = bool(upload) and await self._objects.fetch(upload, original)
            if not is_new and not await self._objects.fetch(original_of(image), original):
                return RecordRendering(id=image, reason="lost")
            if not await run_sync(_is, image, original):
                await self._objects.remove([upload] if upload else [])
                return RecordRendering(id=image, reason="lost")
            made = await self._render(original, "first", folder)
            if not _can_be_shown(made):  # The upload stays until this is recorded: a repeat must find the same reason.
                return RecordRendering(id=image, reason=_reason(made.refused), upload=upload)
            if is_new:
                await self._objects.put(original_of(image), original, "application/octet-stream")
            _KEPT.reach()
            renditions = await self._store(image, made, folder)
            _STORED.reach()
        if upload:
            await self._objects.remove([upload])
        _CLEARED.reach()
        return RecordRendering(id=image, look=_look(made), renditions=renditions, recipe=worker.RECIPE)

    async def adopt(self, ask: AdoptImage) -> RecordAdoption:
        """Store a file that is fit for the web as its own rendition.

        Raises:
            BadInput: It is not there, or another one.
        """
        key = f"{folder_of(ask.id, worker.RECIPE)}{ask.look.width}.webp"
        async with _room() as (file, _):
            is_there = await self._objects.fetch(ask.upload, file) or await self._objects.fetch(key, file)
            if not is_there or not await run_sync(_is, ask.id, file):
                raise BadInput("there is no such upload")
            await self._objects.put(original_of(ask.id), file, "image/webp")
            await self._objects.put(key, file, "image/webp", is_immutable=True)
        await self._objects.remove([ask.upload])
        use = StoreImage(product_id=ask.product_id, id=ask.id, upload=ask.upload, size=ask.size, alt=ask.alt)
        rendition = Rendition(key=key, format="webp", width=ask.look.width, height=ask.look.height)
        return RecordAdoption(id=ask.id, ask=use, look=ask.look, rendition=rendition, recipe=worker.RECIPE)

    async def name(self, upload: str) -> ImageId | None:
        """Return the name of what was uploaded, by its content; None if nothing was, or more than may be."""
        if not 0 < (await self._objects.size(upload) or 0) <= MOST_BYTES:
            return None
        async with _room() as (file, _):
            return await run_sync(_name, file) if await self._objects.fetch(upload, file) else None

    async def improve(self, image: ImageId) -> RecordImprovement | None:
        """Make a ready picture's smaller files; None if that can't be done, for it can be shown as it is."""
        async with self._behind, _room() as (original, folder):
            if not await self._objects.fetch(original_of(image), original):
                return None
            made = await self._render(original, "improve", folder)
            if made.refused or not made.files:
                return None
            return RecordImprovement(id=image, renditions=await self._store(image, made, folder))

    async def again(self, image: ImageId) -> RecordRemake:
        """Make all files of a ready picture by the recipe of now; repeated after a crash, it ends the same.

        Without its original, or if it can't be made any more, it stays as it is.
        """
        kept = RecordRemake(id=image, recipe=worker.RECIPE)
        async with self._behind, _room() as (original, folder):
            if not await self._objects.fetch(original_of(image), original):
                return kept
            made = await self._render(original, "first", folder)
            if not _can_be_shown(made):
                return kept
            renditions = await self._store(image, made, folder)
            _HALF_REMADE.reach()
            smaller = await self._render(original, "improve", folder)
            if not smaller.refused:
                renditions += await self._store(image, smaller, folder)
            _REMADE.reach()
        return structs.replace(kept, look=_look(made), renditions=renditions)

    async def _render(self, original: Path, step: Step, folder: Path) -> Rendering:
        async with self._children:
            return await render(original, step, folder)

    async def _store(self, image: ImageId, made: Rendering, folder: Path) -> tuple[Rendition, ...]:
        home = folder_of(image, worker.RECIPE)
        renditions = tuple(
            Rendition(key=home + each.name, format=each.format, width=each.width, height=each.height)
            for each in made.files
        )
        for each, rendition in zip(made.files, renditions, strict=True):
            await self._objects.put(rendition.key, folder / each.name, _TYPES[each.format], is_immutable=True)
        return renditions


@asynccontextmanager
async def _room() -> AsyncIterator[tuple[Path, Path]]:
    """Make room for an original, and a folder for what a child makes of it."""
    with ExitStack() as stack:
        with disk_errors("the disk"):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="shopflow-picture-")))
            (folder / "made").mkdir()
        yield folder / "original", folder / "made"


def _is(image: ImageId, original: Path) -> bool:
    """Whether a file is what its name says, and no larger than any may be."""
    return original.stat().st_size <= MOST_BYTES and _name(original) == image


def _name(original: Path) -> ImageId:
    named = image_hash()
    named.update(original.read_bytes())
    return named.hexdigest()


def _can_be_shown(made: Rendering) -> bool:
    return not made.refused and bool(made.files and made.width and made.height)


def _look(made: Rendering) -> Look:
    return Look(width=made.width, height=made.height, colour=made.colour, placeholder=made.placeholder)


def _reason(refused: str) -> Refused:
    """Read a child's word for a refusal; a word that is none of its own is as good as none."""
    return next((known for known in REFUSALS if known == refused), "unreadable")
