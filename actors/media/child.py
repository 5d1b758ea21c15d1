"""The process that decodes a picture: started for one, watched, and ended at its deadline (see worker.py)."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from actors.media.worker import NO_ROOM
from engine.embedded.surroundings import environment
from engine.errors import NoRoom, Unavailable
from engine.patterns import whole

Step: TypeAlias = Literal["first", "improve"]

_WORKER: Final = Path(__file__).with_name("worker.py")
_DEADLINE_S: Final = 60.0  # Longer than its processor time, for a machine that is busy.
_TRIES: Final = 3
_MOST_REPORT: Final = 1 << 16  # Bytes.
_LONGEST: Final = 2048  # Characters of a placeholder.


class RenditionFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a child has written."""

    name: Annotated[str, whole(r"[1-9][0-9]{0,4}\.(webp|avif|jpg)")]
    format: Literal["webp", "avif", "jpeg"]
    width: Annotated[int, msgspec.Meta(gt=0, le=12_000)]
    height: Annotated[int, msgspec.Meta(gt=0, le=12_000)]


class Rendering(msgspec.Struct, frozen=True, kw_only=True):
    """A child's report, believed no further than these bounds: its picture may have led it astray."""

    refused: Annotated[str, whole("[a-z_]{0,20}")] = ""
    width: Annotated[int, msgspec.Meta(ge=0, le=12_000)] = 0
    height: Annotated[int, msgspec.Meta(ge=0, le=12_000)] = 0
    colour: Annotated[str, whole("(#[0-9a-f]{6})?")] = ""
    placeholder: Annotated[
        str, msgspec.Meta(max_length=_LONGEST), whole("(data:image/webp;base64,[A-Za-z0-9+/=]+)?")
    ] = ""
    files: Annotated[tuple[RenditionFile, ...], msgspec.Meta(max_length=8)] = ()


async def render(original: Path, step: Step, folder: Path, *, deadline_s: float = _DEADLINE_S) -> Rendering:
    """Have a child make a picture's renditions in an empty folder.

    A child that dies is tried again, for it may have been bad luck; after three times the picture is refused.

    Raises:
        NoRoom: The disk is full.
        Unavailable: No process can be started; retry.
    """
    for _ in range(_TRIES):
        for left in folder.iterdir():
            left.unlink()
        status = await _run(original, step, folder, deadline_s)
        if status == NO_ROOM:
            raise NoRoom("the disk", "a picture has no room", retry_after_s=5.0)
        if status == 0 and (made := _report(folder)) is not None:
            return made
    return Rendering(refused="too_hard")


async def _run(original: Path, step: Step, folder: Path, deadline_s: float) -> int | None:
    """Run a child to its end; returns its exit status, None if it was killed at its deadline."""
    try:
        with original.open("rb") as content:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(_WORKER), step,
                cwd=folder, env=environment(), stdin=content,
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in a terminal is for the shop.
            )  # fmt: skip
    except OSError as error:
        raise Unavailable("the machine", f"no process can be started: {error}", retry_after_s=5.0) from error
    try:
        async with asyncio.timeout(deadline_s):
            return await child.wait()
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:  # Its deadline has passed, or the call was cancelled.
            with suppress(ProcessLookupError):
                child.kill()
            await asyncio.shield(child.wait())


def _report(folder: Path) -> Rendering | None:
    """Read what a child reports; None if it is no report, or speaks of files that are none."""
    file = folder / "report.json"
    with suppress(OSError, msgspec.MsgspecError):
        if _is_plain(file) and file.stat().st_size <= _MOST_REPORT:
            made = msgspec.json.decode(file.read_bytes(), type=Rendering)
            return made if all(_is_plain(folder / each.name) for each in made.files) else None
    return None


def _is_plain(file: Path) -> bool:
    """Whether this is a file of its own: a link might be to one of the shop's."""
    return file.is_file() and not file.is_symlink()
