"""The record of the mails, which no other actor knows.

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
