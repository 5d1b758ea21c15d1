"""A program that makes one picture fit for the web: the only place where bytes of strangers are decoded.

It runs in a process of its own, which limits itself before it reads anything: memory, processor time, size and number
of files. A decoder that is led astray has no secret, no open file and no connection of the shop to reach. Standard
library and Pillow only, so that a start takes little, and that nothing of the shop is in its memory.

    python -I worker.py STEP < original   (the files, and report.json, are written into the working directory)

`STEP` is "first" (WebP and one JPEG: what a picture needs to be shown) or "improve" (AVIF: four times the time, a third
fewer bytes). Source of the rules: Pillow's handbook, "Security"; HTML Standard, 4.8.4.2.
"""

import base64
import errno
import io
import json
import os
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

if TYPE_CHECKING:
    from PIL import Image

RECIPE: Final = 1  # Raised when renditions shall look otherwise: at the next start, all pictures are made again.
FORMATS: Final = ("JPEG", "PNG", "WEBP", "AVIF")
MOST_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 12_000
SHORTEST_SIDE: Final = 16
WIDTHS: Final = (320, 640, 1280, 1920)
_JPEG_SIDE: Final = 1200  # For mails, feeds and link previews, which take no WebP.
_GROUND: Final = (255, 255, 255)  # Behind what is transparent, in JPEG.
_MEMORY: Final = 640 << 20  # Bytes. 50 megapixels with transparency, beside a half of them while they are made smaller.
_CPU_S: Final = 30
_FILE: Final = 32 << 20  # Bytes.
_FILES: Final = 32
_NICE: Final = 10  # Buyers go first.
NO_ROOM: Final = 75  # The exit status where the disk is full, and the picture not at fault. Source: sysexits(3).
_ORIENTATION: Final = 0x0112  # Source: EXIF 2.32, 4.6.4.


class _Written(TypedDict):
    """A file that was written."""

    name: str
    format: str
    width: int
    height: int


class _Report(TypedDict, total=False):
    """The result: either `refused`, with a word of why, or the rest."""

    refused: str
    width: int
    height: int
    colour: str
    placeholder: str
    files: list[_Written]


class _Refused(Exception):
    """Ends the work with a word of why."""


def limit_oneself() -> None:
    """Take away what a decoder does not need. Where a system knows a limit not, the others hold."""
    os.nice(_NICE)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])  # Some may have been inherited, whoever forgot it.
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, _FILE),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def make(content: bytes, step: str, folder: Path) -> _Report:
    """Check a picture and write its renditions; returns what was made, or why it is refused."""
    try:
        picture = upright(small(opened(content)))
    except _Refused as refused:
        return {"refused": str(refused)}
    except MemoryError:
        return {"refused": "too_hard"}
    except Exception:  # noqa: BLE001 - whatever a decoder makes of hostile bytes
        return {"refused": "unreadable"}
    if step == "improve":
        return {"files": list(_avif(picture, folder))}
    return {
        "width": picture.width,
        "height": picture.height,
        "colour": _colour(picture),
        "placeholder": _placeholder(picture),
        "files": [*_webp(picture, folder), _jpeg(picture, folder)],
    }


def opened(content: bytes) -> "Image.Image":
    """Open a picture by its content, and check its header before any pixel is decoded."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only under limits

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # Checked below.
        try:
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
        except UnidentifiedImageError:
            raise _Refused("format") from None
        except Image.DecompressionBombError:
            raise _Refused("too_large") from None
    if picture.width * picture.height > MOST_PIXELS or max(picture.size) > LONGEST_SIDE:
        raise _Refused("too_large")
    if min(picture.size) < SHORTEST_SIDE:
        raise _Refused("too_small")
    # Cameras store a preview behind a JPEG (MPO): its first picture is the picture.
    if getattr(picture, "is_animated", False) and picture.format != "MPO":
        raise _Refused("animated")
    return picture


def small(picture: "Image.Image") -> "Image.Image":
    """Decode a picture, no larger than its largest rendition: all that follows then costs little."""
    from PIL import Image  # noqa: PLC0415 - only under limits

    orientation = _orientation(picture)
    is_turned = orientation >= 5
    width, height = picture.size[::-1] if is_turned else picture.size
    scale = min(1.0, WIDTHS[-1] / width)
    wanted = (max(1, round(width * scale)), max(1, round(height * scale)))
    size = wanted[::-1] if is_turned else wanted
    picture.draft(None, size)  # A JPEG is decoded at an eighth, a quarter or half, but not below this.
    picture.load()
    picture = _in_eight_bits(picture)
    profile = picture.info.get("icc_profile")
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    picture.info = {"orientation": orientation, "icc_profile": profile}  # And nothing else of its metadata.
    return picture


def upright(picture: "Image.Image") -> "Image.Image":
    """Return a small picture upright, in sRGB, without any metadata."""
    from PIL.Image import Transpose  # noqa: PLC0415 - only under limits

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn, profile = turns.get(picture.info["orientation"]), picture.info["icc_profile"]
    picture = _in_srgb(picture, profile)
    if turn is not None:
        picture = picture.transpose(turn)
    picture.info = {}  # JPEG and WebP would write some of it.
    return picture


def _orientation(picture: "Image.Image") -> int:
    with suppress(Exception):  # Of hostile metadata: the picture stands as it is.
        found = picture.getexif().get(_ORIENTATION, 1)
        return found if isinstance(found, int) and 1 <= found <= 8 else 1
    return 1


def _in_eight_bits(picture: "Image.Image") -> "Image.Image":
    """Return a picture in one of four modes, with eight bits for each channel."""
    if picture.mode.startswith(("I", "F")):  # 16 bits of grey; converted alone, all above 255 would be white.
        picture = picture.convert("I").point(lambda value: value / 256)
        return picture.convert("L")
    if picture.has_transparency_data:
        return picture if picture.mode in ("RGBA", "LA") else picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")


def _in_srgb(picture: "Image.Image", profile: bytes | None) -> "Image.Image":
    from PIL import ImageCms  # noqa: PLC0415 - only under limits

    mode = "RGBA" if picture.mode in ("LA", "RGBA") else "RGB"
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):  # A profile that nobody can read: none.
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            made = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            if made is not None:
                return made
    return picture.convert(mode)


def _widths(picture: "Image.Image") -> list[int]:
    """Return the widths of a picture's renditions: never above its own, which is one of them if it is small."""
    return sorted({min(width, picture.width) for width in WIDTHS})


def _renditions(picture: "Image.Image") -> "Iterator[Image.Image]":
    from PIL.Image import Resampling  # noqa: PLC0415 - only under limits

    for width in _widths(picture):
        size = (width, max(1, round(picture.height * width / picture.width)))
        yield picture if size == picture.size else picture.resize(size, Resampling.LANCZOS, reducing_gap=3.0)


def _webp(picture: "Image.Image", folder: Path) -> Iterator[_Written]:
    for each in _renditions(picture):
        yield _save(folder, each, "webp", lambda image, file: image.save(file, "WEBP", quality=80, method=4))


def _avif(picture: "Image.Image", folder: Path) -> Iterator[_Written]:
    for each in _renditions(picture):
        yield _save(
            folder, each, "avif", lambda image, file: image.save(file, "AVIF", quality=62, speed=8, max_threads=1)
        )


def _jpeg(picture: "Image.Image", folder: Path) -> _Written:
    from PIL import Image  # noqa: PLC0415 - only under limits

    small_one = picture.copy()
    small_one.thumbnail((_JPEG_SIDE, _JPEG_SIDE), Image.Resampling.LANCZOS)
    if small_one.mode == "RGBA":
        ground = Image.new("RGB", small_one.size, _GROUND)
        ground.paste(small_one, mask=small_one.getchannel("A"))
        small_one = ground
    return _save(folder, small_one, "jpeg", lambda image, file: image.save(file, "JPEG", quality=82, progressive=True))


def _save(folder: Path, picture: "Image.Image", kind: str, save: "Callable[[Image.Image, Path], None]") -> _Written:
    name = f"{picture.width}.{'jpg' if kind == 'jpeg' else kind}"
    save(picture, folder / name)
    return {"name": name, "format": kind, "width": picture.width, "height": picture.height}


def _placeholder(picture: "Image.Image") -> str:
    """Return a tiny picture as an address that holds it: some hundred characters, which need no script."""
    tiny, written = picture.copy(), io.BytesIO()
    tiny.thumbnail((16, 16))
    tiny.save(written, "WEBP", quality=40, method=4)
    return "data:image/webp;base64," + base64.b64encode(written.getvalue()).decode()


def _colour(picture: "Image.Image") -> str:
    """Return the mean colour, as CSS writes it."""
    red, green, blue = picture.convert("RGB").resize((1, 1)).tobytes()[:3]
    return f"#{red:02x}{green:02x}{blue:02x}"


def main() -> None:
    """Make the picture that comes in, and report."""
    limit_oneself()
    try:
        report = make(sys.stdin.buffer.read(), sys.argv[1], Path())
        Path("report.json").write_text(json.dumps(report), encoding="utf-8")
    except OSError as error:
        sys.exit(NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else 1)


if __name__ == "__main__":
    main()
