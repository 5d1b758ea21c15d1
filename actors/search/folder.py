"""The folder of an index: opened, written by one process, built anew beside the old one, and swapped.

    search/<schema>-<language>/
        current     the name of the generation that answers; replaced by a rename
        <number>/   a generation: the index's own files
        writer      locked by the process that indexes, until it ends; others only read

**The index carries its own place**: a document of each commit says up to which change the index has read, so documents
and place can't disagree, however a process ends. A folder that won't open is no loss: it is built anew.
"""

import fcntl
import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from tantivy import Document, Index, IndexWriter

from actors.search.fields import folder_name, open_index
from actors.search.findable import PLACE_ID, Findable, document, place_document
from actors.search.finder import Finder
from engine.crash import CrashPoint
from engine.files import make_private, sync_names

_MEMORY: Final = 30_000_000  # Bytes that the writer gathers before it writes a segment.
_COMMITTING = CrashPoint("search-committing", "Changes are with the index's writer, and not committed.")
_COMMITTED = CrashPoint("search-committed", "The index has committed; nobody reads it yet.")
_SWAPPING = CrashPoint("search-swapping", "An index is built anew; the old one still answers.")


class IndexFolder:
    """An index in a folder. One process writes it at a time; each may read.

    Args:
        home: The folder of all indexes.
        language: By ISO 639-1.
    """

    def __init__(self, home: Path, language: str) -> None:
        self._path = home / folder_name(language)
        self._language = language
        self._generation = ""
        self._index: Index | None = None
        self._writer: IndexWriter | None = None
        self._lock: IO[bytes] | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        return self._path

    @property
    def is_writer(self) -> bool:
        """Whether this process is the one that indexes."""
        return self._lock is not None

    @property
    def size_bytes(self) -> int:
        """The bytes of the generation that answers."""
        files = (self._path / self._generation).glob("*") if self._generation else ()
        total = 0
        for file in files:
            with suppress(FileNotFoundError):  # Merged away meanwhile.
                total += file.stat().st_size
        return total

    def refresh(self) -> Finder | None:
        """See what was committed since; None while there is no index that opens."""
        current = self._current()
        if not current:
            return None
        try:
            if self._index is None or current != self._generation:
                self._drop_writer()
                self._index, self._generation = open_index(self._path / current), current
            self._index.reload()
            return Finder(self._index, self._language)
        except (ValueError, OSError):  # Torn, or swapped by another process in this moment.
            self._index = None
            return None

    def lock(self) -> bool:
        """Become the process that indexes, until `unlock`; False while another one is."""
        if self._lock is None:
            if not self._path.exists():
                make_private(self._path)
            file = (self._path / "writer").open("wb")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._lock = file
        return True

    def write(
        self,
        entries: Sequence[Findable],
        gone: Iterable[str],
        place: int,
        layout: int = 0,
        compounds: Collection[str] = (),
    ) -> None:
        """Replace and remove products, and set the place, in one commit.

        Raises:
            ValueError, OSError: The index is torn, or its disk full. Nothing is committed then.
        """
        assert self.is_writer
        assert self._index is not None
        if self._writer is None:
            self._writer = self._index.writer(_MEMORY, 1)
        try:
            _put(self._writer, entries, gone, place_document(place, layout), self._language, compounds)
        except BaseException:
            self._drop_writer()  # With what it had gathered.
            raise
        _COMMITTED.reach()

    def build(self) -> "Build":
        """Begin a new generation beside the one that answers."""
        assert self.is_writer
        self._remove_others()
        number = max((int(path.name) for path in self._path.iterdir() if path.name.isdecimal()), default=0) + 1
        return Build(self._path, str(number), self._language)

    def unlock(self) -> None:
        """Let another process index, when what is being merged is merged."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.wait_merging_threads()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def close(self) -> None:
        """Let go of the files, and of the lock."""
        self.unlock()
        self._index = None

    def _drop_writer(self) -> None:
        """Forget what the writer has gathered."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(ValueError):  # Its files may be gone.
                writer.rollback()
            with suppress(ValueError):
                writer.wait_merging_threads()

    def _current(self) -> str:
        try:
            name = (self._path / "current").read_text("ascii")
        except (FileNotFoundError, UnicodeDecodeError):
            return ""
        return name if name.isdecimal() else ""

    def _remove_others(self) -> None:
        """Remove generations that do not answer. Who still reads one keeps its files until they let go of it."""
        current = self._current()
        for path in self._path.iterdir():
            if path.is_dir() and path.name != current:
                shutil.rmtree(path, ignore_errors=True)


class Build:
    """A generation that is being built."""

    def __init__(self, path: Path, name: str, language: str) -> None:
        self._path = path
        self._name = name
        self._language = language
        (path / name).mkdir(mode=0o700)
        self._writer = open_index(path / name).writer(_MEMORY, 1)

    def add(self, entries: Iterable[Findable], compounds: Collection[str] = ()) -> None:
        """Add products that it does not have yet."""
        for entry in entries:
            self._writer.add_document(document(entry, self._language, compounds))

    def swap(self, place: int, layout: int = 0) -> None:
        """Commit it with its place, and let it answer from the next `refresh` on."""
        self._writer.add_document(place_document(place, layout))
        self._writer.commit()
        self._writer.wait_merging_threads()
        _SWAPPING.reach()
        aside = self._path / "current.new"
        with aside.open("w", encoding="ascii") as file:
            file.write(self._name)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._path / "current")
        sync_names(self._path)

    def drop(self) -> None:
        """Give it up."""
        self._writer.rollback()
        shutil.rmtree(self._path / self._name, ignore_errors=True)


def _put(
    writer: IndexWriter, entries: Sequence[Findable], gone: Iterable[str], place: Document, language: str,
    compounds: Collection[str],
) -> None:  # fmt: skip
    for product_id in (*gone, *(entry.id for entry in entries), PLACE_ID):
        writer.delete_documents_by_term("id", product_id)
    for entry in entries:
        writer.add_document(document(entry, language, compounds))
    writer.add_document(place)
    _COMMITTING.reach()
    writer.commit()
