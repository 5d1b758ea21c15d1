"""What becomes of a mail server's refusals."""

import aiosmtplib
import pytest

from actors.email.smtp import _translate_error
from engine.errors import BadInput, Unavailable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aiosmtplib.SMTPDataError(550, "no"), BadInput),
        (aiosmtplib.SMTPSenderRefused(553, "no", "a@shop.test"), BadInput),
        (aiosmtplib.SMTPDataError(451, "later"), Unavailable),
        (aiosmtplib.SMTPSenderRefused(421, "closing", "a@shop.test"), Unavailable),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(550, "who?", "b@x.test")]), BadInput),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(450, "busy", "b@x.test")]), Unavailable),
        (aiosmtplib.SMTPNotSupported("SMTPUTF8 is not supported by this server"), BadInput),
        (aiosmtplib.SMTPServerDisconnected("gone"), Unavailable),
        (aiosmtplib.SMTPReadTimeoutError("late"), Unavailable),
        (ConnectionResetError(), Unavailable),
        (KeyError("a bug"), None),
    ],
    ids=repr,
)
def test_a_refusal_is_for_good_or_to_be_tried_again(error: Exception, kind: type[Exception] | None) -> None:
    own = _translate_error(error)

    assert (None if own is None else type(own)) is kind
