"""What figures keep of persons: the sums of orders."""

from typing import Final

from engine.persons import Kept

KEEPS: Final = (Kept("analytics.sales", ("order_id",), "counted", "What was sold."),)
