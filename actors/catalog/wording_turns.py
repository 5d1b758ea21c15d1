"""The catalog's handlers of categories, collections and attributes in other languages."""

from actors.catalog import lists, store, wording_rules, wordings
from actors.catalog.viewing import ViewFloors, Viewing
from bus.messages.navigation import PathTaken
from bus.messages.translations import MOST_ASKED_LOCALES, MOST_LOCALES
from bus.messages.wordings import (
    DropWording,
    NoSuchWording,
    NothingToWord,
    ReadTexts,
    ReadWordings,
    SetWording,
    WordedTexts,
    Wording,
    WordingDropped,
    WordingKind,
    Wordings,
)
from engine.actor import call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction


class WordingTurns(Viewing):
    """Keeps wordings. A part of the catalog, which inherits its handlers."""

    def __init__(self, *, database: Database, clock: Clock, language: str, floors: ViewFloors) -> None:
        super().__init__(database=database, clock=clock, language=language, floors=floors)
        self._texts = wordings.Texts(database)

    @turn
    async def set_wording(self, tx: Transaction, ask: SetWording) -> Wording | NothingToWord | PathTaken:
        if refused := wording_rules.refusal(ask.kind, ask.locale, ask.texts, self._language):
            raise BadInput(refused)
        await self._lock(tx, ask.kind)
        present = await wordings.revision(tx, ask.kind, ask.id)
        if present is None:
            return NothingToWord(id=ask.id, kind=ask.kind)
        of_revision = present if ask.of_revision is None else ask.of_revision
        if not 0 < of_revision <= present:
            raise BadInput(f"of_revision: its texts are at {present}")
        slug = ask.texts.slug
        if slug and (other := await wordings.owner(tx, ask.kind, slug, ask.id)):
            return PathTaken(path=slug, by=other)
        known = {each.locale: each for each in await wordings.read(tx, ask.kind, ask.id)}
        if ask.locale not in known and len(known) >= MOST_LOCALES:
            raise BadInput(f"at most {MOST_LOCALES} locales")
        before = known[ask.locale].texts.slug if ask.locale in known else ""
        await wordings.write(tx, ask.kind, ask.id, ask.locale, ask.texts, of_revision)
        await wordings.move_slug(tx, ask.kind, ask.id, before, slug)
        tx.after_commit(self._texts.forget)
        return next(each for each in await wordings.read(tx, ask.kind, ask.id) if each.locale == ask.locale)

    @turn
    async def drop_wording(self, tx: Transaction, ask: DropWording) -> WordingDropped | NoSuchWording:
        await self._lock(tx, ask.kind)
        known = {each.locale: each for each in await wordings.read(tx, ask.kind, ask.id)}
        if ask.locale not in known:
            return NoSuchWording(id=ask.id, kind=ask.kind, locale=ask.locale)
        await wordings.drop(tx, ask.kind, ask.id, ask.locale)
        await wordings.move_slug(tx, ask.kind, ask.id, known[ask.locale].texts.slug, "")
        tx.after_commit(self._texts.forget)
        return WordingDropped(id=ask.id, kind=ask.kind, locale=ask.locale)

    @call(limit=4)
    async def read_wordings(self, ask: ReadWordings) -> Wordings | NothingToWord:
        present = await wordings.revision(self._database, ask.kind, ask.id)
        if present is None:
            return NothingToWord(id=ask.id, kind=ask.kind)
        return Wordings(revision=present, wordings=await wordings.read(self._database, ask.kind, ask.id))

    @call(limit=16)
    async def read_texts(self, ask: ReadTexts) -> WordedTexts:
        if len(ask.locales) > MOST_ASKED_LOCALES:
            raise BadInput(f"at most {MOST_ASKED_LOCALES} locales in one request")
        if ask.id is not None:
            return WordedTexts(worded=await wordings.of_one(self._database, ask.kind, ask.locales, ask.id))
        return WordedTexts(worded=await self._texts.read(ask.kind, ask.locales, self._clock.now()))

    @staticmethod
    async def _lock(tx: Transaction, kind: WordingKind) -> None:
        """Lock what writes things of a kind."""
        await (lists.lock(tx) if kind == "collection" else store.lock_all(tx))
