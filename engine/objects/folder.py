"""Objects as files of a folder, for a shop without a bucket."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from anyio.to_thread import run_sync

from engine.files import disk_errors, sync_names
from engine.objects import DirectUpload

_PART: Final = ".part"  # The end of a name that is still being written.
_AT_ONCE: Final = 500
_TRIES: Final = 20
_away = partial(disk_errors, "the folder of objects")


class FolderObjects:
    """Keeps each object as a file. Written aside, synced and renamed: so a crash leaves it whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, file: Path, content_type: str, *, is_immutable: bool = False) -> None:
        """Store a file. Its type is told by its name, its headers by the gateway."""
        del content_type, is_immutable
        with _away():
            await run_sync(self._put, key, file)

    async def fetch(self, key: str, file: Path) -> bool:
        with _away():
            try:
                await run_sync(shutil.copyfile, self._path(key), file)
            except FileNotFoundError:
                return False
        return True

    async def read(self, key: str, limit: int) -> bytes | None:
        with _away():
            return await run_sync(self._read, key, limit)

    async def size(self, key: str) -> int | None:
        with suppress(FileNotFoundError), _away():
            return self._path(key).stat().st_size
        return None

    async def remove(self, keys: Sequence[str]) -> None:
        with _away():
            await run_sync(self._remove, keys)

    async def claim(self, key: str, owner: str) -> str:
        """Return the owner that asks: two shops have two folders."""
        del key
        return owner

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        walk = self._walk(prefix)
        with _away():
            while page := await run_sync(lambda: list(islice(walk, _AT_ONCE))):
                for key in page:
                    yield key

    async def direct_upload(self, key: str, size: int, sha256: str, expires_s: int) -> DirectUpload | None:
        """Return None: only the shop writes into its folder."""
        del key, size, sha256, expires_s
        return None

    def _path(self, key: str) -> Path:
        assert ".." not in key.split("/"), "keys are made by the shop"
        return self._folder / key

    def _put(self, key: str, file: Path) -> None:
        with file.open("rb") as source:
            for _ in range(_TRIES):  # Another process may remove the folder, which was empty, before this one is in it.
                with suppress(FileNotFoundError, FileExistsError):  # It was there, and is gone in this moment.
                    source.seek(0)
                    return self._write(self._path(key), source)
        raise OSError(f"{self._path(key).parent} is removed again and again")

    def _write(self, target: Path, source: IO[bytes]) -> None:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = target.with_name(f"{target.name}.{uuid4().hex}{_PART}")
        try:
            with aside.open("wb") as written:
                shutil.copyfileobj(source, written)
                written.flush()
                os.fsync(written.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        sync_names(target.parent)

    def _read(self, key: str, limit: int) -> bytes | None:
        try:
            with self._path(key).open("rb") as file:
                content = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return content if len(content) <= limit else None

    def _remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            path = self._path(key)
            path.unlink(missing_ok=True)
            with suppress(OSError):  # Others are in it.
                for folder in list(path.parents)[: key.count("/")]:
                    folder.rmdir()

    def _walk(self, prefix: str) -> Iterator[str]:
        for folder, folders, names in os.walk(self._path(prefix)):
            folders.sort()
            for name in sorted(names):
                if not name.endswith(_PART):
                    yield (Path(folder) / name).relative_to(self._folder).as_posix()
