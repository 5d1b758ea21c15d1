"""One-time passwords by time, as apps on phones show them. Source: RFC 6238.

A code is good for its 30 seconds and the 30 on either side, since clocks differ, and once: the step of the last one is
kept, and only a later one is accepted.
"""

import hmac
import io
from datetime import datetime
from typing import Final

import pyotp
import segno

DIGITS: Final = 6
_STEPS_AROUND: Final = 1


def new_secret() -> str:
    """Return a secret of 160 bits, in base32, as apps take it. Source: RFC 4226, 4, R6."""
    return pyotp.random_base32(32)


def address(secret: str, name: str, issuer: str) -> str:
    """Return the address that brings a secret into an app."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def picture(uri: str) -> str:
    """Return an address as a QR code, an SVG to stand in a page or in an image of one."""
    content = io.BytesIO()
    segno.make_qr(uri, error="m").save(content, kind="svg", xmldecl=False, nl=False, scale=4, border=4)
    return content.getvalue().decode()


def code_of(secret: str, now: datetime) -> str:
    """Return the code that an app shows now."""
    return str(pyotp.TOTP(secret).at(now))


def step_of(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """Return the step whose code this is; None if it is none of now, or not later than the last one used."""
    if not (code.isascii() and code.isdecimal() and len(code) == DIGITS):
        return None
    totp = pyotp.TOTP(secret)
    current = totp.timecode(now)
    found = None
    for step in range(current - _STEPS_AROUND, current + _STEPS_AROUND + 1):  # All of them: time tells nothing.
        if hmac.compare_digest(totp.generate_otp(step), code) and step > last_step and found is None:
            found = step
    return found
