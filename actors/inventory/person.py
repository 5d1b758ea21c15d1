"""What the inventory keeps of persons: for which order or cart units are set aside."""

from typing import Final

from engine.persons import Kept

KEEPS: Final = (
    Kept("inventory.holds", ("order_id", "cart_id"), "counted", "Units that were set aside."),
)  # fmt: skip
