"""A code is good in its time, a step around it, and once. Source of the values: RFC 6238, appendix B."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from engine import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


def at(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.step_of(SECRET, code, at(seconds), -1) == seconds // 30


@pytest.mark.parametrize(("later", "is_good"), [(-31, False), (-1, True), (0, True), (59, True), (60, False)])
def test_a_code_is_good_a_step_before_and_after(later: int, is_good: bool) -> None:
    code = pyotp.TOTP(SECRET).at(at(3000))
    assert (totp.step_of(SECRET, code, at(3000 + later), -1) == 100) is is_good


def test_a_code_counts_once_and_none_before_it() -> None:
    app, now = pyotp.TOTP(SECRET), at(3000)
    step = totp.step_of(SECRET, app.at(now), now, -1)
    assert step == 100
    assert totp.step_of(SECRET, app.at(now), now, step) is None
    assert totp.step_of(SECRET, app.at(now - timedelta(seconds=30)), now, step) is None
    assert totp.step_of(SECRET, app.at(now + timedelta(seconds=30)), now, step) == 101


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708a", "２８７０８２", "-28708", "287082\n", " 87082"])
def test_what_is_no_code_is_refused(code: str) -> None:
    assert totp.step_of(SECRET, code, at(59), -1) is None


def test_a_secret_is_long_and_comes_into_an_app_by_its_address() -> None:
    secret = totp.new_secret()
    assert len(base64.b32decode(secret)) == 20
    uri = urlsplit(totp.address(secret, "ada@shop.example", "Shop & Co"))
    assert (uri.scheme, uri.netloc, parse_qs(uri.query)["secret"]) == ("otpauth", "totp", [secret])
    assert totp.picture(uri.geturl()).startswith("<svg")
