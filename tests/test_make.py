"""`make run` on a fresh clone, with a Python that only says what it is asked to do."""

import subprocess
from pathlib import Path

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
