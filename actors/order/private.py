"""The timer of orders, which no other actor knows.

Messages are stored, so those of older versions must still decode.
"""

from typing import ClassVar

from bus.messages.base import OrderId
from engine.message import Command


class PaymentOverdue(Command[None]):
    """A timer: cancel the order if it is not paid by now."""

    only_while: ClassVar[frozenset[str]] = frozenset({"pending_payment"})

    order_id: OrderId
