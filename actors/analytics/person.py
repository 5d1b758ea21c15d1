"""Declaration of what figures keep of persons: the sums of orders."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (PersonalColumns("analytics.sales", ("order_id",), "counted", "What was sold."),)
