"""The record of the audit, which no other actor knows.

Messages are stored, so those of older versions must still decode.
"""

from engine.message import Command


class RecordSettled(Command[bool]):
    """Record that a person has settled an item of the list elsewhere. The first one's name stands."""

    item_id: str
    by: str
