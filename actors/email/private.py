"""Records of mails, and mails that staff send again, which no other actor knows.

Messages are stored, so those of older versions must still decode.
"""

from bus.messages.base import OrderId
from engine.message import Command


class RecordMail(Command[None]):
    """A mail was handed to the mail server."""

    order_id: OrderId
    message_id: str  # Made of event and template: a repeat has the same.
    template: str
    link_hash: bytes = b""  # Of the token in its link. Records of an earlier version have none.


class SendAgain(Command[None]):
    """Send a mail once more, as staff have asked."""

    order_id: OrderId
    resend_id: str


class RecordAgain(Command[None]):
    """A mail that staff have sent again was handed to the mail server."""

    order_id: OrderId
    resend_id: str
    link_hash: bytes  # Of the token in its link.
