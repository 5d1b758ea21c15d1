"""`make run` on a fresh clone, with a Python that only says what it is asked to do; `make hook` in another's."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST_LINES = 2  # Of ten on the screen; the shop has the rest (tests/journeys/test_process.py).
# It makes an environment whose Python is as this one, and is as loud as pip unless it is told to be quiet.
PYTHON = """#!/bin/sh
echo "$@" >> "$LOG"
case "$*" in
*"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
*"-m pip install "*) case "$*" in *--quiet*) ;; *) for line in $(seq 217); do echo "Collecting $line"; done ;; esac ;;
esac
"""


def test_the_first_run_prints_few_lines_and_the_second_none(tmp_path: Path) -> None:
    python, log = tmp_path / "python", tmp_path / "log"
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)

    def run() -> list[str]:
        """What `make run` prints."""
        words = ["make", "--no-print-directory", "run", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"]
        done = subprocess.run(
            words, check=True, cwd=ROOT, env={"LOG": str(log), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    assert 1 <= len(run()) <= MOST_LINES
    asked = log.read_text(encoding="utf-8")
    assert [line.split()[:3] for line in asked.splitlines()] == [
        ["-m", "venv", f"{tmp_path / 'venv'}"],
        ["-m", "pip", "install"],
        ["run.py"],
    ]
    assert "--require-hashes" in asked
    assert run() == []


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    """Where git looks for it in a fresh repository."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path / ".git" / "hooks" / "pre-commit"


def make_hook(hook: Path) -> subprocess.CompletedProcess[str]:
    words = ["make", "--no-print-directory", "-f", str(ROOT / "Makefile"), "hook"]
    return subprocess.run(words, check=False, cwd=hook.parent.parent.parent, capture_output=True, text=True)


def test_the_hook_is_made_and_made_again(hook: Path) -> None:
    for _ in range(2):
        assert make_hook(hook).returncode == 0
        assert hook.read_text(encoding="utf-8") == "#!/bin/sh\nexec make check\n"
        assert hook.stat().st_mode & 0o100


def test_a_hook_of_somebody_else_stays(hook: Path) -> None:
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexec my-own\n", encoding="utf-8")

    done = make_hook(hook)

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        ".git/hooks/pre-commit is there, and not ours: add `make check` to it, or remove it."
    )
    assert hook.read_text(encoding="utf-8") == "#!/bin/sh\nexec my-own\n"
