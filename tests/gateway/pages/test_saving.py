"""Two editors of one thing, at the door: what fits together is saved, what does not is shown, and nobody waits."""

from collections.abc import Mapping, Sequence

import pytest

from gateway.pages.admin.merging import Draft, fresh
from gateway.pages.admin.saving import BothChanged, save_merged
from gateway.pages.inside import ApiAnswer, Refused

WAS = {"title": "Mug", "brand": ""}


class Kept:
    """A thing that is saved elsewhere, by others too: `others` are their changes, each just before a save."""

    def __init__(self, *others: Mapping[str, str], refuses: int = 412) -> None:
        self.fields, self.revision = dict(WAS), 3
        self.others = list(others)
        self.refuses = refuses
        self.sent: Sequence[int] = ()

    async def send(self, draft: Draft) -> None:
        self.sent = [*self.sent, draft.revision]
        if self.others:
            self.fields |= self.others.pop(0)
            self.revision += 1
        if draft.revision != self.revision:
            raise Refused(ApiAnswer(status=self.refuses, headers=(), body=b"{}"))
        self.fields, self.revision = dict(draft.fields), self.revision + 1

    async def read(self) -> tuple[Mapping[str, str], int]:
        return dict(self.fields), self.revision


def drawn(**fields: str) -> Draft:
    return Draft(fields={**WAS, **fields}, was=WAS, revision=3)


async def test_what_nobody_has_changed_is_not_sent() -> None:
    kept = Kept()

    await save_merged(fresh(WAS, 3), kept.send, kept.read)

    assert kept.sent == ()


async def test_changes_of_different_fields_are_both_saved() -> None:
    kept = Kept({"brand": "Heron"})

    await save_merged(drawn(title="Cup"), kept.send, kept.read)

    assert (kept.fields, kept.sent) == ({"title": "Cup", "brand": "Heron"}, [3, 4])


async def test_what_somebody_else_has_saved_alike_is_not_sent_again() -> None:
    kept = Kept({"title": "Cup"})

    await save_merged(drawn(title="Cup"), kept.send, kept.read)

    assert (kept.fields["title"], kept.sent) == ("Cup", [3])


async def test_a_field_that_both_have_changed_is_shown_with_both_texts() -> None:
    kept = Kept({"title": "Pot"})

    with pytest.raises(BothChanged) as both:
        await save_merged(drawn(title="Cup"), kept.send, kept.read)

    assert (both.value.draft.fields["title"], both.value.draft.theirs) == ("Cup", {"title": "Pot"})
    assert kept.fields["title"] == "Pot"


async def test_whoever_is_late_again_is_told() -> None:
    kept = Kept({"brand": "Heron"}, {"brand": "Ash"}, {"brand": "Oak"})

    with pytest.raises(Refused):
        await save_merged(drawn(title="Cup"), kept.send, kept.read)

    assert kept.sent == [3, 4]


async def test_another_refusal_is_none_of_its_business() -> None:
    kept = Kept({"brand": "Heron"}, refuses=422)

    with pytest.raises(Refused):
        await save_merged(drawn(title="Cup"), kept.send, kept.read)

    assert kept.sent == [3]
