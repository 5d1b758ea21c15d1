"""What README.md shows to developers who embed a shop in their own tests, run as they would run it."""

import re
import textwrap
from pathlib import Path

import pytest

from engine.testing import ShopUnderTest

README = Path(__file__).parent.parent.parent / "README.md"


async def test_the_example_in_the_readme_works(shop: ShopUnderTest) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(textwrap.dedent(example), names)
    test = names["test_a_cart_gives_its_units_back"]

    assert callable(test)
    await test(shop)


@pytest.mark.parametrize("target", ["run", "test"])
def test_the_readme_names_the_two_commands(target: str) -> None:
    assert f"make {target}" in README.read_text(encoding="utf-8")
