"""The list of the forgotten, kept outside the database, so that a backup which is restored brings nobody back.

An entry is an object that is named after the person, by a keyed hash, and after what it holds: one keyed hash for the
person and for each order that was forgotten with them. It says nothing to who lacks the shop's root key, and is never
changed. It lies in the data folder, and also in the shop's bucket, if it has one: one of the two outlives the other.

Rejected: docs/decisions/0055.
"""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from actors.privacy import rules
from bus.messages.privacy import SubjectId
from engine import telemetry
from engine.errors import Unavailable
from engine.objects import Objects
from engine.roots import Roots
from engine.sealing import derive

_PREFIX: Final = "erased/"
_MOST_BYTES: Final = 16 << 20  # Of one entry: 250,000 orders.
_LINE: Final = 64


class ErasedList:
    """The list, in its homes. The first one is the folder, which is always there."""

    def __init__(self, homes: Sequence[Objects], roots: Roots) -> None:
        self._homes = homes
        self._roots = roots
        self._log = telemetry.logger(part="erased")

    def name_of(self, subject: SubjectId) -> str:
        """Name a person by a keyed hash, the same for as long as the shop has its roots."""
        return rules.name_of(self.key, subject)

    @property
    def key(self) -> bytes:
        """The key of the hashes: of the first root, which a later one does not replace."""
        return derive(self._roots.key(1), "list of the forgotten")

    async def add(self, subject: SubjectId, forgotten: Collection[SubjectId]) -> str:
        """Write a person, and the orders that were forgotten with them; returns the entry's name. Safe to repeat.

        Raises:
            Unavailable: A home does not answer, or is full.
        """
        content = "\n".join(sorted(self.name_of(each) for each in {subject, *forgotten})).encode()
        name = f"{_PREFIX}{self.name_of(subject)}-{hashlib.sha256(content).hexdigest()[:16]}"
        with TemporaryDirectory(prefix="shopflow-") as folder:
            file = Path(folder) / "entry"
            file.write_bytes(content)
            for home in self._homes:
                await home.put(name, file, "text/plain")
        return name

    async def names(self) -> set[str]:
        """List all entries of all homes. One that does not answer is left out, but for the first.

        Raises:
            Unavailable: The first home can't be read.
        """
        found: set[str] = set()
        for place, home in enumerate(self._homes):
            try:
                found |= {name async for name in home.keys(_PREFIX)}
            except Unavailable as error:
                if not place:
                    raise
                self._log.warning("a list of the forgotten can't be read", why=str(error))
        return found

    async def read(self, name: str) -> set[str]:
        """Read the hashes of an entry.

        Raises:
            Unavailable: No home has it now.
        """
        for home in self._homes:
            if (content := await home.read(name, _MOST_BYTES)) is not None:
                return {line for line in content.decode("ascii", "replace").split("\n") if len(line) == _LINE}
        raise Unavailable("the list of the forgotten", f"{name} is not there")
