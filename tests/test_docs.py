"""What docs/testing.md and README.md show, run as their readers would run it."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from engine.testing import ShopUnderTest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
NAMED_BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_example_of_the_testing_guide_is_a_test_that_passes(tmp_path: Path) -> None:
    for name, content in NAMED_BLOCK.findall((ROOT / "docs" / "testing.md").read_text(encoding="utf-8")):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=55,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 passed" in done.stdout


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
