"""Remedies in the words of the command line: the edge's sentence, with the command that does the same."""

from collections.abc import Mapping
from typing import Final

from bus.messages.audit import Action, Remedy
from gateway import remedies

COMMAND_FOR: Final[Mapping[Action, str]] = {
    "repair": "run.py audit --repair",
    "redrive": "run.py dead-letters redrive {target}",
}


def advice(remedy: Remedy) -> str:
    """Write a finding's remedy as a sentence."""
    return remedies.advice(remedy, COMMAND_FOR.get(remedy.action, "").format(target=remedy.target))
