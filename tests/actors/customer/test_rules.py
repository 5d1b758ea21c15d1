"""Codes: computed, bounded, and good for one purpose. Registrations: what was typed, and where."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.customer import rules
from bus.messages.customer import CodePurpose, MailKind

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32


@given(st.text(min_size=1, max_size=30))
def test_a_code_has_six_digits_and_is_always_the_same(code_id: str) -> None:
    code = rules.code_of(NEW, code_id)

    assert len(code) == 6
    assert code.isdecimal()
    assert code == rules.code_of(NEW, code_id)
    assert rules.fits_code([NEW], code_id, code)


def test_a_code_of_the_key_before_still_fits() -> None:
    assert rules.fits_code([NEW, OLD], "cod_1", rules.code_of(OLD, "cod_1"))
    assert rules.fits_token([NEW, OLD], "cod_1", rules.token_of(OLD, "cod_1"))
    assert not rules.fits_token([NEW], "cod_1", rules.token_of(OLD, "cod_1"))


@pytest.mark.parametrize("typed", ["", "abcdef", "12345", "1234567", "١٢٣٤٥٦", "x" * 10_000])
def test_what_is_no_code_fits_none(typed: str) -> None:
    assert not rules.fits_code([NEW, OLD], "cod_1", typed)


def test_a_token_names_its_row_and_fits_no_other() -> None:
    token = rules.token_of(NEW, "cod_1")

    assert rules.id_in(token) == "cod_1"
    assert not rules.fits_token([NEW], "cod_2", token)
    assert not rules.fits_token([NEW], "cod_1", "cod_1.")
    assert rules.id_in("nonsense") == "nonsense"


def test_a_code_is_tried_five_times_and_lasts_its_time() -> None:
    assert [rules.is_usable(tries, NOON, NOON - timedelta(seconds=1)) for tries in (0, 4, 5)] == [True, True, False]
    assert not rules.is_usable(0, NOON, NOON)


def test_an_address_gets_a_mail_a_minute() -> None:
    assert rules.may_send(None, NOON)
    assert not rules.may_send(NOON - timedelta(seconds=59), NOON)
    assert rules.may_send(NOON - timedelta(seconds=60), NOON)


@pytest.mark.parametrize("purpose", get_args(CodePurpose))
def test_a_code_is_good_for_its_purpose_and_never_for_who_is_only_told_something(purpose: CodePurpose) -> None:
    good = [kind for kind in get_args(MailKind) if rules.is_good_for(purpose, kind)]

    assert len(good) == 1
    assert not {*good} & {"known", "unknown", "password_changed", "closing"}
    assert rules.expires_at(purpose, NOON) > NOON


def test_what_was_typed_counts_in_the_browser_that_typed_it_and_for_programs() -> None:
    assert rules.keeps_typed("secret", "secret")
    assert rules.keeps_typed("secret", None)
    assert not rules.keeps_typed("secret", "another")
    assert not rules.keeps_typed("secret", "")
