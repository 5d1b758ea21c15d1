"""Pictures that were made to do harm, or that do it by accident: a script writes all of them, nothing is downloaded.

python -m tests.actors.media.hostile FOLDER   (to look at them)
"""

import io
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from PIL import Image, PngImagePlugin

SECRET: Final = b"the-address-of-a-home"  # In every place where a picture may carry words.
RENDERED: Final = ""


class Hostile(NamedTuple):
    name: str
    content: bytes
    outcome: str  # The word of its refusal; RENDERED if it is made harmless.


def hostile_files() -> Iterator[Hostile]:
    """Make all of them, in some order."""
    for outcome, makers in _KINDS.items():
        for name, maker in makers.items():
            yield Hostile(name, maker(), outcome)


def photo(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **more: Any) -> bytes:
    """A small picture that compresses like a photo."""
    written = io.BytesIO()
    Image.effect_noise(size, 40).convert(mode).save(written, kind, **more)
    return written.getvalue()


def where_it_was_taken(orientation: int = 1) -> Image.Exif:
    """Metadata with a place on earth, an owner, and the camera's turn."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = exif[0x9286] = exif[0x013B] = SECRET.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.34), 3: "E", 4: (13.0, 24.0, 36.12), 29: "2024:05:17"})
    return exif


def _animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    written = io.BytesIO()
    frames[0].save(written, kind, save_all=True, append_images=frames[1:], duration=100)
    return written.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, *chunks: bytes, pixels: bytes = b"") -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _blank_png(width: int, height: int, *chunks: bytes) -> bytes:
    """A whole picture of zeros, which is small however many they are."""
    packer, packed = zlib.compressobj(9), b""
    for _ in range(height):
        packed += packer.compress(bytes(width + 1))
    return _png(width, height, *chunks, pixels=packed + packer.flush())


def _jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose header promises another size."""
    content = photo()
    place = content.index(b"\xff\xc0") + 5
    return content[:place] + struct.pack(">HH", height, width) + content[place + 4 :]


def _avif_of_size(width: int, height: int) -> bytes:
    content = photo("AVIF")
    place = content.index(b"ispe") + 8
    return content[:place] + struct.pack(">II", width, height) + content[place + 8 :]


def _huge_webp() -> bytes:
    frame = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16382).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", 4 + len(frame)) + b"WEBP" + frame


def _cut(kind: str) -> bytes:
    content = photo(kind, (200, 200))
    return content[: len(content) // 2]


def _wordy_png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{SECRET.decode()}</x:xmpmeta>")
    return photo("PNG", pnginfo=info, exif=where_it_was_taken())


def _many_scans() -> bytes:
    """A progressive JPEG whose last scan comes a thousand times: each costs a pass over the whole picture."""
    content = photo(size=(256, 256), progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * 1000 + b"\xff\xd9"


def _bad_crc() -> bytes:
    content = bytearray(photo("PNG"))
    content[content.index(b"IDAT") + 20] ^= 0xFF
    return bytes(content)


def _heic(brand: bytes, *others: bytes) -> bytes:
    """What phones write: a container as AVIF's, with another codec inside."""
    brands = brand + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + photo("AVIF")[32:]


def _fits() -> bytes:
    cards = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2",
             "NAXIS1  =               999999", "NAXIS2  =               999999", "END")  # fmt: skip
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode()


_ZIP = b"PK\x03\x04" + SECRET + b"PK\x05\x06" + bytes(18)
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99">%s</svg>'
_BOMB = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000), 9))
_PROFILE_BOMB = _chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(80_000_000), 9))

_KINDS: Final[dict[str, dict[str, Callable[[], bytes]]]] = {
    "format": {
        "nothing": lambda: b"",
        "noise": lambda: bytes(range(256)) * 40,
        "text": lambda: b"This is no picture.",
        "page": lambda: b"<!doctype html><script>alert(1)</script>",
        "drawing.svg": lambda: _SVG % b"<circle r='9'/>",
        "script.svg": lambda: _SVG % b"<script>alert(1)</script>",
        "program.eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n",
        "paper.pdf": partial(photo, "PDF"),
        "scan.tiff": partial(photo, "TIFF"),
        "still.gif": partial(photo, "GIF"),
        "moving.gif": partial(_animated, "GIF"),
        "gif-with-jpeg-behind": lambda: photo("GIF") + photo(),
        "old.bmp": partial(photo, "BMP"),
        "icon.ico": partial(photo, "ICO"),
        "plain.ppm": partial(photo, "PPM"),
        "fax.pcx": partial(photo, "PCX"),
        "layers.psd": lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3),
        "bomb.fits": _fits,
        "phone.heic": lambda: _heic(b"heic", b"mif1", b"heic"),
        "other-phone.heic": lambda: _heic(b"mif1", b"mif1", b"heic"),
        "archive.zip": lambda: _ZIP,
        "jpeg-2000": partial(photo, "JPEG2000"),
        "jpeg-behind-a-page": lambda: b"<html>" + photo(),
    },
    "animated": {
        "moving.png": partial(_animated, "PNG"),
        "moving.webp": partial(_animated, "WEBP"),
        "moving.avif": partial(_animated, "AVIF"),
    },
    "too_large": {
        "bomb.png": lambda: _png(30_000, 30_000, pixels=zlib.compress(bytes(100_000))),
        "long.png": lambda: _png(60_000, 20, pixels=zlib.compress(bytes(100_000))),
        "tall.png": lambda: _blank_png(20, 12_001),
        "bomb.jpg": partial(_jpeg_of_size, 65_500, 65_500),
        "large.jpg": partial(_jpeg_of_size, 9_000, 9_000),
        "bomb.webp": _huge_webp,
        "bomb.avif": partial(_avif_of_size, 16_000, 16_000),
    },
    "too_small": {
        "dot.png": lambda: photo("PNG", (1, 1)),
        "line.jpg": lambda: photo("JPEG", (2000, 15)),
    },
    "unreadable": {
        "cut.jpg": partial(_cut, "JPEG"),
        "cut.png": partial(_cut, "PNG"),
        "no-pixels.png": lambda: _png(64, 64, pixels=zlib.compress(b"")),
        "words-of-80-megabytes.png": lambda: _blank_png(64, 64, _BOMB),
        "profile-of-80-megabytes.png": lambda: _blank_png(64, 64, _PROFILE_BOMB),
    },
    RENDERED: {
        "place.jpg": lambda: photo(exif=where_it_was_taken(6), comment=SECRET, xmp=b"<x>" + SECRET + b"</x>"),
        "place.png": _wordy_png,
        "place.webp": lambda: photo("WEBP", exif=where_it_was_taken(8), xmp=SECRET),
        "place.avif": lambda: photo("AVIF", exif=where_it_was_taken(3), xmp=SECRET),
        "zip-behind.jpg": lambda: photo() + _ZIP,
        "page-in-comment.jpg": lambda: photo(comment=b"<script>alert(1)</script>" + SECRET),
        "profile-of-noise.jpg": lambda: photo(icc_profile=SECRET * 9),
        "metadata-of-noise.jpg": lambda: photo(exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + SECRET),
        "inks.jpg": lambda: photo(mode="CMYK"),
        "sixteen-bits.png": lambda: photo("PNG", mode="I;16"),
        "many-scans.jpg": _many_scans,
        "49-megapixels.png": lambda: _blank_png(7_000, 7_000),
        "bad-sum.png": _bad_crc,
        "another-size.avif": partial(_avif_of_size, 9_000, 5_000),
    },
}  # fmt: skip


if __name__ == "__main__":
    for each in hostile_files():
        (Path(sys.argv[1]) / f"{each.outcome or 'rendered'}-{each.name}").write_bytes(each.content)
