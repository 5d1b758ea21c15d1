"""The turns about views of lists that people have saved, and their SQL."""

from typing import Final

from actors.staff.rights import RightsBase
from bus.messages.staff import NobodyThere
from bus.messages.staff_views import MOST_VIEWS, KeepSavedViews, ReadSavedViews, SavedViews
from engine.actor import turn
from engine.errors import BadInput
from engine.sealing import Erased, Place
from engine.transaction import Transaction

_READ: Final = "select views from staff.views where user_id = $1"
_IS_THERE: Final = "select exists (select from staff.users where id = $1)"
_KEEP: Final = """
insert into staff.views (user_id, views) values ($1, $2) on conflict (user_id) do update set views = excluded.views"""
_NONE: Final = SavedViews(views=())


class ViewTurns(RightsBase):
    """Keeps the views that people have saved. A part of the actor of staff, which inherits its handlers."""

    @turn
    async def read_views(self, tx: Transaction, ask: ReadSavedViews) -> SavedViews:
        box: bytes | None = await tx.value(_READ, ask.id)
        if box is None:
            return _NONE
        keys = await self._vault.keys(tx, {(ask.id, "account")})
        opened = keys.read(SavedViews, box, _place(ask.id), ask.id, "account")
        return _NONE if isinstance(opened, Erased) else opened

    @turn
    async def keep_views(self, tx: Transaction, ask: KeepSavedViews) -> SavedViews | NobodyThere:
        if len(ask.views) > MOST_VIEWS:
            raise BadInput(f"at most {MOST_VIEWS} views")
        if not await tx.value(_IS_THERE, ask.id):
            return NobodyThere()
        keys = await self._vault.keys(tx, {(ask.id, "account")}, creating=True)
        kept = SavedViews(views=ask.views)
        await tx.execute(_KEEP, ask.id, keys.seal(kept, _place(ask.id), ask.id, "account"))
        return kept


def _place(user_id: str) -> Place:
    return Place("staff.views", "views", user_id)
