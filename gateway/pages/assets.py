"""The files of the pages: stylesheets, scripts, the mark. Their address changes with any of them, so they are kept.

All are read once, at the start. Relative imports between scripts stay as they are written, since all files have one
version. Whoever asks with another version, from a page that was opened before an update, gets the file of now.
"""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from gateway.problems import not_found

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_JOINED: Final = {"shop.css": ("style.css", "parts.css")}  # One request instead of several.


def _read() -> Mapping[str, bytes]:
    paths = [path for path in sorted(_FOLDER.rglob("*")) if path.suffix in _TYPES]
    read = {str(path.relative_to(_FOLDER)): path.read_bytes() for path in paths}
    return MappingProxyType(read | {name: b"".join(read[part] for part in parts) for name, parts in _JOINED.items()})


_FILES: Final = _read()
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


def _version() -> str:
    digest = blake2b(digest_size=6)
    for name, content in _FILES.items():
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


VERSION: Final = _version()


def address(name: str) -> str:
    """Return the address of a file, which may be kept for ever.

    Args:
        name: Its path below `static`, such as `shop.css`.

    Raises:
        LookupError: There is no such file.
    """
    if name not in _FILES:
        raise LookupError(f"no file {name} below gateway/pages/static")
    return f"/static/{VERSION}/{name}"


def read(name: str) -> bytes:
    """Return a file that is served at another address, too."""
    return _FILES[name]


@get("/static/{path:path}", include_in_schema=False, sync_to_thread=False)
def static(path: FromPath[Path]) -> Response[bytes]:
    """Serve a file, by its name or by its name below a version."""
    name = str(path).removeprefix("/")
    version, _, rest = name.partition("/")
    content = _FILES.get(name)
    if content is None:
        name, content = rest, _FILES.get(rest)
    if content is None:
        raise not_found("file")
    headers = {"Cache-Control": _IMMUTABLE} if version == VERSION else {}
    return Response(content, media_type=_TYPES[Path(name).suffix], headers=headers)
