"""Steps of an erasure, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from bus.messages.privacy import ErasureBegun, ErasureReason, PersonHeld, SubjectId
from engine.message import Command


class CarryOut(Command[None]):
    """Forget all that is left of a person, and look whether anything can still be read."""

    subject: SubjectId


class ForgetRevived(Command[None]):
    """Begin to forget again those whom a restored backup has brought back. Safe to send twice."""


class RecordOutcome(Command[None]):
    """Record how far an erasure has come: a receipt if it is whole, else another try."""

    subject: SubjectId
    waiting: int  # Orders.
    checked: str  # JSON.
    readable: int
    listed: str = ""  # The entry of the list outside, if there is one.


class BeginErasure(Command[ErasureBegun | PersonHeld]):
    """Open the erasure of a guest's order, which is there."""

    subject: SubjectId
    reason: ErasureReason
