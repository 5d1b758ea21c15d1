"""The timer of the inventory, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from engine.message import Command


class ReleaseExpired(Command[None]):
    """A timer: release the holds that have ended by now."""
