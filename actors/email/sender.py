"""The sender of mails: the address of the settings, under the name that the owner has given the shop."""

from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr, quote
from typing import Final

from bus.messages.branding import GetBranding
from engine.actor import Bus
from engine.clock import Clock
from engine.errors import Unavailable

_KEPT: Final = timedelta(minutes=1)  # A name changes once in years; each mail has it.


def named(sender: str, name: str) -> str:
    """Write a sender with another name; as it is, if that is empty."""
    return f'"{quote(name)}" <{parseaddr(sender)[1]}>' if name else sender


class Sender:
    """Reads the shop's name, and keeps it for a minute. While nobody answers, mails have the name that was known."""

    def __init__(self, bus: Bus, clock: Clock, sender: str) -> None:
        self._bus = bus
        self._clock = clock
        self.address = sender  # Of the settings.
        self._now = sender
        self._fresh_until = clock.now()

    async def read(self) -> str:
        """Return the sender as a mail has it: `"Shop" <orders@shop.example>`."""
        if self._clock.now() >= self._fresh_until:
            with suppress(Unavailable):
                name = (await self._bus.ask(GetBranding())).brand.name
                self._now, self._fresh_until = named(self.address, name), self._clock.now() + _KEPT
        return self._now
