"""The timer of the inventory, which no other actor knows.

Messages are stored, so those of older versions must still decode.
"""

from engine.message import Command


class ReleaseExpired(Command[None]):
    """A timer: release the holds that have ended by now."""
