"""Declaration of what the inventory keeps of persons: for which order or cart units are set aside."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (PersonalColumns("inventory.holds", ("order_id", "cart_id"), "counted", "Units that were set aside."),)
