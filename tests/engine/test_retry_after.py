"""How long others ask to be left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.retry_after import LONGEST_S, retry_after_s

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("3600", 3600),
        ("3601", LONGEST_S),
        ("9" * 5000, LONGEST_S),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("", None),
        ("soon", None),
        # The three forms of a date, see RFC 9110, 5.6.7.
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
        ("Sun Nov  6 08:50:37 1994", 60),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Mon, 07 Nov 1994 08:49:37 GMT", LONGEST_S),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
    ],
)
def test_seconds_and_dates_are_read_and_bounded(said: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": said, "Date": DATE}) == seconds


def test_names_of_headers_have_no_case_and_a_date_needs_the_answers_own() -> None:
    assert retry_after_s({"retry-AFTER": "3"}) == 3
    assert retry_after_s({"Retry-After": DATE}) is None
    assert retry_after_s({"Retry-After": DATE, "Date": "today"}) is None
    assert retry_after_s({}) is None


@given(st.text(), st.text())
def test_whatever_is_said_it_is_a_bounded_number_or_nothing(said: str, date: str) -> None:
    for now in (date, DATE):
        seconds = retry_after_s({"Retry-After": said, "Date": now})
        assert seconds is None or 0 <= seconds <= LONGEST_S
