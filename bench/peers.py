"""The peers that ShopFlow is compared with: installed on first use, in a folder of their own beside the project.

No peer is imported by ShopFlow or shipped with it. Versions are fixed, so that figures can be repeated.
"""

import subprocess
import venv
from pathlib import Path

from testkit.programs import ROOT

FOLDER = ROOT / ".bench"
PYTHON = FOLDER / "venv" / "bin" / "python"
NODE_MODULES = FOLDER / "node_modules"

_FROM_PYPI = ("pykka==4.5.0", "xoscar==0.12.2", "socketify==0.0.31", "uvloop==0.23.0")
_FROM_NPM = ("ws@8.23.0",)


def install() -> None:
    """Install the missing peers. Takes a minute, once."""
    done = FOLDER / "done"
    wanted = "\n".join((*_FROM_PYPI, *_FROM_NPM))
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return
    if not PYTHON.exists():
        venv.create(FOLDER / "venv", with_pip=True)
    _run(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_FROM_PYPI)
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(FOLDER), *_FROM_NPM)
    done.write_text(wanted, encoding="utf-8")


def compile_c(source: Path) -> Path:
    """Compile a program of one file if it is newer than its binary; returns the binary."""
    program = FOLDER / source.stem
    FOLDER.mkdir(exist_ok=True)
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        _run("cc", "-O2", "-o", str(program), str(source))
    return program


def _run(*words: str) -> None:
    try:
        subprocess.run(words, check=True)
    except FileNotFoundError:
        raise RuntimeError(f"this part of the bench needs {words[0]}; leave it out by naming the others") from None
