"""Declaration of what notifications keep of persons: that an order has news."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (PersonalColumns("notification.news", ("order_id", "detail"), "counted", "That an order has news."),)
