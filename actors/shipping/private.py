"""The record of shipping, which no other actor knows.

Messages are stored, so those of older versions must still decode.
"""

from bus.messages.base import OrderId
from engine.message import Command


class RecordBooking(Command[None]):
    """Record the carrier's answer to a booking."""

    order_id: OrderId
    shipment_id: str
    carrier: str
    tracking_number: str
    parcel_id: str = ""  # Empty for the first parcel, whose id is its order's.
