"""Declaration of what the edge has of persons: tokens of programs, as hashes."""

from typing import Final

from engine.persons import PersonalColumns

KEEPS: Final = (PersonalColumns("gateway.tokens", ("hash",), "nobody", "Hashes of tokens of programs."),)
