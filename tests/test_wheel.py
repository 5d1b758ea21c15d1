"""The wheel holds the shop: installed into an empty environment, it sells, and its users' tests find the fixtures."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.docs import examples

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.timeout(180)  # Two environments are made, and a shop in one of them.
PACKAGES = ("actors", "bus", "cli", "engine", "gateway", "sandbox", "testkit", "wiring")


def run(*words: str | Path, cwd: Path) -> str:
    """Run a program that knows nothing of this checkout; its output."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in words],
        check=False,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a virtual environment with the wheel, and with our dependencies by a path file."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python")
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", wheel, cwd=folder)
    return folder / "bin"


def test_every_file_of_the_shop_is_in_the_wheel(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert held == ours


def test_the_first_example_of_the_guide_passes_in_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    guide = examples("testing.md")
    for name in ("pytest.ini", "test_a_first_look.py"):
        (tmp_path / name).write_text(guide[name], encoding="utf-8")

    printed = run(programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", cwd=tmp_path)

    assert "3 passed" in printed


def test_the_command_is_there(programs: Path, tmp_path: Path) -> None:
    assert "ShopFlow runs a whole shop" in run(programs / "shopflow", "--help", cwd=tmp_path)
