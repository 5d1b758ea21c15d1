"""Who reads what is shown, and who changes it: as in the journeys."""

from tests.journeys.conftest import buyer, http, staff

__all__ = ["buyer", "http", "staff"]
