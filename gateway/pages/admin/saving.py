"""Saving a form that may meet another editor: merged with what that one has saved, or shown with both texts."""

from collections.abc import Awaitable, Callable, Collection

from gateway.pages.admin.merging import Draft, Fields, changed, merge
from gateway.pages.inside import Refused
from gateway.pages.languages import Language

_CHANGED_MEANWHILE = 412


class BothChanged(Exception):
    """Two people have changed one field.

    Args:
        draft: Both texts of each.
    """

    def __init__(self, draft: Draft) -> None:
        super().__init__("two have changed one field")
        self.draft = draft

    def said(self, language: Language) -> str:
        """Say what its editor should do."""
        return language.say("Somebody else has changed this meanwhile. Please choose what stays, and save again.")


async def save_merged(
    draft: Draft,
    send: Callable[[Draft], Awaitable[None]],
    read: Callable[[], Awaitable[tuple[Fields, int]]],
    together: Collection[Collection[str]] = (),
) -> None:
    """Save what an editor has changed. If somebody else was first, and with other fields, both fit together.

    Args:
        draft: The form.
        send: Saves a draft on top of its revision.
        read: Reads the fields as they are saved, and their revision.
        together: Names of fields that say one thing, as `merge`.

    Raises:
        BothChanged: Both have changed a field.
        Refused: The API refuses it, or others were first again.
        Problem: A field can't be read.
    """
    for is_last in (False, True):
        if not changed(draft):
            return
        try:
            await send(draft)
        except Refused as refused:
            if refused.status != _CHANGED_MEANWHILE or is_last:
                raise
        else:
            return
        draft = merge(draft, *await read(), together)
        if draft.theirs:
            raise BothChanged(draft)
