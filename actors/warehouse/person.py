"""Declaration of what the warehouse keeps of persons: which order a parcel is of."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (PersonalColumns("warehouse.pick_lists", ("order_id", "lines"), "counted", "Which goods were packed."),)
