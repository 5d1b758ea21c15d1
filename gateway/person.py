"""What the edge has of persons: tokens of programs, as hashes."""

from typing import Final

from engine.persons import Kept

KEEPS: Final = (Kept("gateway.tokens", ("hash",), "nobody", "Hashes of tokens of programs."),)
