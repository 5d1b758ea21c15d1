import asyncio
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageOps

from actors.media.child import Rendering, Step, render
from actors.media.worker import opened, small, upright
from tests.actors.media.hostile import RENDERED, SECRET, Hostile, hostile_files, photo, where_it_was_taken
from tests.waiting import eventually

HOSTILE = list(hostile_files())
# Of metadata, of archives and of scripts: in no public byte, whatever came in.
UNWANTED = (SECRET, b"Exif", b"EXIF", b"xmp", b"XMP", b"ICCP", b"ICC_PROFILE", b"PK\x03\x04", b"<script", b"http")


async def rendered(content: bytes, folder: Path) -> dict[str, bytes]:
    """The bytes of each file that both steps make."""
    original, out = folder / "original", folder / "out"
    files: dict[str, bytes] = {}
    original.write_bytes(content)
    out.mkdir()
    steps: tuple[Step, ...] = ("first", "improve")
    for step in steps:
        made = await render(original, step, out)
        assert not made.refused
        files |= {each.name: (out / each.name).read_bytes() for each in made.files}
    return files


async def first(content: bytes, folder: Path, **more: float) -> Rendering:
    original, out = folder / "original", folder / "out"
    original.write_bytes(content)
    out.mkdir()
    return await render(original, "first", out, **more)


def workers() -> list[psutil.Process]:
    """Those that have become a worker by now."""
    return [each for each in psutil.Process().children() if any("worker.py" in word for word in each.cmdline())]


def in_mode(image: Image.Image) -> Iterator[tuple[int, ...]]:
    """The four corners, as primary colours."""
    for x in (2, image.width - 3):
        for y in (2, image.height - 3):
            pixel = image.convert("RGB").getpixel((x, y))
            assert isinstance(pixel, tuple)
            yield tuple(int(channel > 127) for channel in pixel)


def test_there_are_forty_and_more() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("hostile", [each for each in HOSTILE if each.outcome], ids=lambda each: each.name)
async def test_a_hostile_file_is_refused(hostile: Hostile, tmp_path: Path) -> None:
    made = await first(hostile.content, tmp_path)

    assert made == Rendering(refused=hostile.outcome)
    assert os.listdir(tmp_path / "out") == ["report.json"]  # noqa: PTH208


@pytest.mark.slow
@pytest.mark.parametrize("hostile", [each for each in HOSTILE if each.outcome == RENDERED], ids=lambda each: each.name)
async def test_or_it_is_rendered_harmless(hostile: Hostile, tmp_path: Path) -> None:
    files = await rendered(hostile.content, tmp_path)

    for content in files.values():
        assert not [word for word in UNWANTED if word in content]
        picture = Image.open(io.BytesIO(content), formats=["WEBP", "JPEG", "AVIF"])
        picture.load()
        assert not picture.getexif()
        assert not {"icc_profile", "exif", "xmp", "comment"} & set(picture.info)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright(orientation: int) -> None:
    """Compared with Pillow's own way of turning."""
    image = Image.new("RGB", (60, 40))
    image.paste((255, 0, 0), (0, 0, 30, 20))
    image.paste((0, 255, 0), (30, 0, 60, 20))
    image.paste((0, 0, 255), (0, 20, 30, 40))
    written = io.BytesIO()
    image.save(written, "PNG", exif=where_it_was_taken(orientation))
    content = written.getvalue()

    turned = upright(small(opened(content)))

    wanted = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert (turned.size, list(in_mode(turned))) == (wanted.size, list(in_mode(wanted)))


@pytest.mark.slow
@pytest.mark.parametrize(("width", "widths"), [(200, [200]), (640, [320, 640]), (1000, [320, 640, 1000])])
async def test_no_rendition_is_wider_than_the_original(width: int, widths: list[int], tmp_path: Path) -> None:
    made = await first(photo("JPEG", (width, 300)), tmp_path)

    assert [each.width for each in made.files if each.format == "webp"] == widths
    assert (made.width, made.height) == (width, 300)


@pytest.mark.slow
async def test_a_large_picture_has_four_widths_and_a_jpeg(tmp_path: Path) -> None:
    files = await rendered(photo("JPEG", (2600, 1300)), tmp_path)

    sizes = {name: Image.open(io.BytesIO(content)).size for name, content in files.items()}
    widths = {320: 160, 640: 320, 1280: 640, 1920: 960}
    assert sizes == {f"{w}.{kind}": (w, h) for w, h in widths.items() for kind in ("webp", "avif")} | {
        "1200.jpg": (1200, 600)
    }


@pytest.mark.slow
async def test_transparency_stays_and_jpeg_has_a_ground(tmp_path: Path) -> None:
    written = io.BytesIO()
    Image.new("RGBA", (40, 40), (200, 0, 0, 0)).save(written, "PNG")

    files = await rendered(written.getvalue(), tmp_path)

    assert Image.open(io.BytesIO(files["40.webp"])).convert("RGBA").getchannel("A").getextrema() == (0, 0)
    assert Image.open(io.BytesIO(files["40.avif"])).convert("RGBA").getchannel("A").getextrema() == (0, 0)
    assert Image.open(io.BytesIO(files["40.jpg"])).getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.slow
async def test_placeholder_and_colour_stand_in_for_the_picture(tmp_path: Path) -> None:
    written = io.BytesIO()
    Image.new("RGB", (400, 200), (30, 60, 90)).save(written, "PNG")

    made = await first(written.getvalue(), tmp_path)

    assert made.colour == "#1e3c5a"
    assert len(made.placeholder) < 300


@pytest.mark.slow
async def test_a_child_ends_at_its_deadline(tmp_path: Path) -> None:
    assert await first(photo("JPEG", (3000, 2000)), tmp_path, deadline_s=0.001) == Rendering(refused="too_hard")


@pytest.mark.slow
async def test_a_child_has_limits_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at while it waits for its picture, which comes out of a pipe here."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_secret")
    pipe, out = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    out.mkdir()
    held = os.open(pipe, os.O_RDWR)
    inherited = os.dup(held)
    os.set_inheritable(inherited, True)
    rendering = asyncio.create_task(render(pipe, "first", out))

    await eventually(lambda: bool(workers()))
    (child,) = workers()
    await eventually(lambda: child.num_fds() == 3)

    assert "STRIPE_SECRET_KEY" not in child.environ()
    assert child.nice() >= 10
    if sys.platform == "linux":
        assert child.rlimit(psutil.RLIMIT_AS)[1] == 640 << 20
        assert child.rlimit(psutil.RLIMIT_CPU)[1] == 30
    os.close(inherited)
    os.close(held)
    assert (await rendering).refused == "format"


@pytest.mark.slow
async def test_a_link_is_no_rendition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    liar = tmp_path / "liar.py"
    liar.write_text(
        "import os, pathlib\n"
        "os.symlink('/etc/hostname', '320.webp')\n"
        'made = \'{"width": 320, "height": 9, "files": [{"name": "320.webp", "format": "webp", "width": 320, '
        '"height": 9}]}\'\n'
        "pathlib.Path('report.json').write_text(made)\n"
    )
    monkeypatch.setattr("actors.media.child._WORKER", liar)

    assert await first(b"", tmp_path) == Rendering(refused="too_hard")
