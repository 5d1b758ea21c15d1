"""The shop's identity in a whole shop."""

import asyncio

from bus.messages.branding import (
    MOST_KEPT,
    Brand,
    Branding,
    BrandingMoved,
    GetBranding,
    NoSuchRevision,
    ReadBrandingHistory,
    RestoreBranding,
    SetBranding,
)
from testkit import ShopUnderTest


def named(name: str, expected: int) -> SetBranding:
    return SetBranding(expected=expected, brand=Brand(name=name), by="stf_1")


async def test_of_two_who_set_it_at_once_one_wins_and_the_other_hears_of_it(shop: ShopUnderTest) -> None:
    answers = await asyncio.gather(shop.ask(named("Heron", 0)), shop.ask(named("Stork", 0)))

    (won,) = [answer for answer in answers if isinstance(answer, Branding)]
    assert BrandingMoved(revision=1) in answers
    assert await shop.ask(GetBranding()) == won


async def test_what_was_before_comes_back(shop: ShopUnderTest) -> None:
    await shop.ask(named("Heron", 0))
    await shop.ask(named("Stork", 1))

    back = await shop.ask(RestoreBranding(revision=1, by="stf_2"))

    assert back == Branding(revision=3, brand=Brand(name="Heron"))
    assert await shop.ask(RestoreBranding(revision=1, by="stf_2")) == back  # A repeat changes nothing.
    assert (await shop.ask(RestoreBranding(revision=0, by="stf_2"))) == Branding(revision=4, brand=Brand())
    assert await shop.ask(RestoreBranding(revision=9, by="stf_2")) == NoSuchRevision(revision=9)
    history = (await shop.ask(ReadBrandingHistory())).revisions
    assert [(each.revision, each.brand.name, each.by) for each in history] == [
        (4, "", "stf_2"),
        (3, "Heron", "stf_2"),
        (2, "Stork", "stf_1"),
        (1, "Heron", "stf_1"),
    ]


async def test_a_hundred_revisions_are_kept(shop: ShopUnderTest) -> None:
    for revision in range(MOST_KEPT + 2):
        await shop.ask(named(f"Heron {revision}", revision))

    history = (await shop.ask(ReadBrandingHistory())).revisions

    assert len(history) == MOST_KEPT
    assert history[-1].revision == 3
