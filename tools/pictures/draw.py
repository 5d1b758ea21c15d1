"""cli/sample_pictures/, drawn from goods.txt: `python -m tools.pictures.draw`.

Shapes: `s x rx` a shadow on the ground; `r x0 y0 x1 y1 radius colour` a box with round corners; `e x y rx ry colour` an
ellipse; `o x y rx ry width colour` a ring; `h x y rx ry colour` the lower half of an ellipse; `p colour x,y ...` a
polygon; `l colour width x,y ...` a line. Drawn four times as large and made smaller, so that edges are smooth.
"""

import base64
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image, ImageDraw, ImageFilter

from cli.sample_pictures import PICTURES, SamplePicture

_GOODS: Final = Path(__file__).with_name("goods.txt")
_SIZE: Final = (800, 600)
_LARGER: Final = 2
_UNIT: Final = _SIZE[0] * _LARGER / 100  # Pixels of the drawing for a unit of the sheet.
_GROUND_Y: Final = 62
_LIGHT: Final = 18  # How much lighter the left of things is, of 255.

_PALETTE: Final = """
    ink=2f3437 white=fbf8f2 cream=f1e6d2 sand=d9c4a0 clay=c4714f terra=c8643f brick=a54a38 red=c0453e ochre=d9a13b
    yellow=efc75e sage=8fa58a green=5f8a5b leaf=3f6b45 teal=3f7f82 blue=3f6c9c navy=2c4466 sky=9fc3dc glass=d3e6ec
    grey=a7aaa8 steel=c9cdcf iron=4a4f52 black=2a2b2d wood=b98452 oak=cfa06a walnut=7a5136 pink=e3a6a0 lilac=b7a3c9
    gold=c99a3d brown=6d4a35 kraft=c9a77c felt=9b9a95 mint2=c5d6c2 plum2=8a739f
    peach=f3dccb mint=d8e6dc dusk=4b5470 sky2=d6e3ec rose=efd9d6 straw=efe5c8 leaf2=dbe5c6 plum=e4d9ea roast=e6d8c8"""
_COLOURS: Final = dict(word.split("=") for word in _PALETTE.split())


def goods() -> Iterator[tuple[str, str, Sequence[str]]]:
    """Read the page of shapes: a product's id, the colour behind it, and its shapes."""
    for line in _GOODS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            head, *shapes = line.split("; ")
            product, ground = head.split()
            yield product, ground, shapes


def drawn(ground: str, shapes: Sequence[str]) -> Image.Image:
    """Draw one product."""
    size = (_SIZE[0] * _LARGER, _SIZE[1] * _LARGER)
    sheet = Image.new("RGB", size, f"#{_COLOURS[ground]}")
    shadow = Image.new("L", size, 0)
    things = Image.new("RGBA", size, (0, 0, 0, 0))
    for shape in shapes:
        kind, *words = shape.split()
        if kind == "s":
            x, reach = map(float, words)
            ImageDraw.Draw(shadow).ellipse(_box(x - reach, _GROUND_Y - 3, x + reach, _GROUND_Y + 4), fill=70)
        else:
            _draw(ImageDraw.Draw(things), kind, words)
    sheet.paste((40, 40, 50), mask=shadow.filter(ImageFilter.GaussianBlur(1.2 * _UNIT)))
    sheet.paste(_lit(things), mask=things.getchannel("A"))
    return sheet.resize(_SIZE, Image.Resampling.LANCZOS)


def _draw(pen: ImageDraw.ImageDraw, kind: str, words: Sequence[str]) -> None:
    if kind in ("p", "l"):
        colour, rest = f"#{_COLOURS[words[0]]}", words[1:] if kind == "p" else words[2:]
        points = [(float(x) * _UNIT, float(y) * _UNIT) for x, y in (pair.split(",") for pair in rest)]
        if kind == "p":
            pen.polygon(points, fill=colour)
        else:
            _line(pen, points, float(words[1]) * _UNIT, colour)
        return
    *numbers, colour = *map(float, words[:-1]), f"#{_COLOURS[words[-1]]}"
    a, b, c, d = numbers[:4]
    match kind:
        case "r":
            pen.rounded_rectangle(_box(a, b, c, d), radius=numbers[4] * _UNIT, fill=colour)
        case "e":
            pen.ellipse(_box(a - c, b - d, a + c, b + d), fill=colour)
        case "o":
            pen.ellipse(_box(a - c, b - d, a + c, b + d), outline=colour, width=round(numbers[4] * _UNIT))
        case "h":
            pen.pieslice(_box(a - c, b - d, a + c, b + d), 0, 180, fill=colour)
        case _:
            raise ValueError(f"there is no shape {kind}")


def _line(pen: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], width: float, colour: str) -> None:
    """Draw a line with round ends."""
    pen.line(points, fill=colour, width=round(width), joint="curve")
    for x, y in points:
        pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)


def _lit(things: Image.Image) -> Image.Image:
    """Return things as light falls on them, from the left."""
    light = Image.linear_gradient("L").rotate(90).resize(things.size)  # White at the left.
    plain = things.convert("RGB")
    bright, dark = (plain.point(lambda value, by=by: value + by) for by in (_LIGHT, -_LIGHT))
    return Image.composite(bright, dark, light)


def _box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return x0 * _UNIT, y0 * _UNIT, x1 * _UNIT, y1 * _UNIT


def placeholder(picture: Image.Image) -> str:
    """Return a tiny picture, as an address that holds it."""
    tiny, written = picture.resize((16, 12)), io.BytesIO()
    tiny.save(written, "WEBP", quality=40)
    return "data:image/webp;base64," + base64.b64encode(written.getvalue()).decode()


def main() -> None:
    """Write a file for each product, and the list of what stands in for them."""
    PICTURES.mkdir(exist_ok=True)
    listed: dict[str, SamplePicture] = {}
    for product, ground, shapes in goods():
        picture = drawn(ground, shapes)
        picture.save(PICTURES / f"{product}.webp", "WEBP", quality=78, method=6)
        listed[product] = SamplePicture(
            width=picture.width,
            height=picture.height,
            colour=f"#{_COLOURS[ground]}",
            placeholder=placeholder(picture),
        )
    (PICTURES / "list.json").write_bytes(msgspec.json.format(msgspec.json.encode(listed)) + b"\n")


if __name__ == "__main__":
    main()
