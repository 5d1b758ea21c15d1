"""Decisions about the shop's identity."""

import pytest

from actors.branding import rules
from bus.messages.branding import Brand, Branding, BrandingMoved, BrandingRefused, SetBranding

NOW = Branding(revision=3, brand=Brand(name="Heron"))


def ask(expected: int = 3, **fields: str) -> SetBranding:
    return SetBranding(expected=expected, brand=Brand(**fields), by="stf_1")


def test_what_is_set_has_the_next_revision_and_no_space_around_it() -> None:
    wanted = Branding(revision=4, brand=Brand(name="Heron & Co", accent="#1f5c4a", terms="One.\n\nTwo."))

    assert rules.set_to(ask(name=" Heron & Co ", accent="#1F5C4A", terms="One.\r\n\r\nTwo.\n"), NOW) == wanted


def test_who_has_not_seen_the_last_change_is_refused() -> None:
    assert rules.set_to(ask(expected=2, name="Stork"), NOW) == BrandingMoved(revision=3)


def test_a_repeat_changes_nothing_whatever_it_expects() -> None:
    assert rules.set_to(ask(expected=2, name="Heron"), NOW) == NOW


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "x" * 61),
        ("name", "two\nlines"),
        ("tagline", "\u202eturned"),
        ("accent", "red"),
        ("accent", "#9fd8c0"),
        ("imprint", "a\0b"),
        ("terms", "x" * 50_001),
        ("privacy", "https://a b"),
        ("contact", "https://shop.example/'onload"),
    ],
)
def test_what_pages_could_not_show_is_refused_with_its_field(field: str, text: str) -> None:
    refused = rules.set_to(SetBranding(expected=3, brand=Brand(**{field: text}), by="stf_1"), NOW)

    assert isinstance(refused, BrandingRefused)
    assert refused.field == field


def test_a_text_that_begins_with_an_address_is_a_text() -> None:
    assert isinstance(rules.set_to(ask(contact="https://shop.example/ is our page.\nCall us."), NOW), Branding)
