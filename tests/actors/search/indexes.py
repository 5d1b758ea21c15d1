"""Indexes for tests."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from actors.search.findable import Findable
from actors.search.finder import Finder
from actors.search.folder import IndexFolder


@contextmanager
def an_index(entries: Iterable[Findable], language: str = "en", compounds: Sequence[str] = ()) -> Iterator[Finder]:
    """An index of these products, in a folder of its own."""
    with TemporaryDirectory() as home:
        folder = IndexFolder(Path(home), language)
        assert folder.lock()
        build = folder.build()
        build.add(entries, compounds)
        build.swap(1)
        finder = folder.refresh()
        assert finder is not None
        try:
            yield finder
        finally:
            folder.close()
