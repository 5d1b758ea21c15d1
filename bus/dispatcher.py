"""The dispatcher: after a commit, stored messages go into the mailboxes of this process without any polling.

Each hosted actor has a subscription, which keeps the order. It is **live** while all its rows are in memory: new
deliveries go straight into the mailbox. It is **behind** while some rows may not be, at the start or because a mailbox
was full: new deliveries would overtake older messages of their key. Then a sweep reads the older rows, and what is
stored meanwhile waits for its end. (EventStoreDB's catch-up subscriptions work in the same way.)
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from bus.in_memory import InMemory
from engine.envelope import Envelope
from engine.errors import Overloaded

# Deliveries kept in memory while a sweep reads older ones. If more come, the sweep begins again.
_MOST_MEANWHILE = 1000


class Subscription:
    """The deliveries of one hosted actor, on their way into its mailbox."""

    __slots__ = ("_in_memory", "_is_current", "_meanwhile", "is_behind", "is_open", "name", "put")

    def __init__(self, name: str, put: Callable[[Envelope], None], in_memory: InMemory) -> None:
        self.name = name
        self.put = put
        self.is_open = True
        self.is_behind = True
        self._in_memory = in_memory
        self._is_current = False  # The running sweep began after the actor last fell behind.
        self._meanwhile: deque[Envelope] | None = None  # Stored while a sweep reads older rows; None if none does.

    def fall_behind(self) -> None:
        """Note that some rows are not in memory: nothing new may overtake them. A running sweep may miss them."""
        self.is_behind = True
        self._is_current = False

    def hand(self, envelope: Envelope) -> bool:
        """Put a delivery into the mailbox. Return False if its row is left to a sweep."""
        if not self.is_open:
            return False
        try:
            self.put(envelope)
        except Overloaded:
            self._in_memory.refuse()
            self.fall_behind()
            return False
        return True

    # --- Catching up ---

    def begin_catch_up(self) -> None:
        """Keep new deliveries from now on: a sweep begins to read older ones."""
        self._meanwhile = deque()
        self._is_current = True

    def keep(self, envelope: Envelope) -> bool:
        """Keep a new delivery until the sweep has read the older ones. Return False if its row is left to the next."""
        meanwhile = self._meanwhile
        if meanwhile is None or len(meanwhile) > _MOST_MEANWHILE:
            return False
        meanwhile.append(envelope)
        return True

    def is_outrun(self) -> bool:
        """Return whether more came than is kept. Then all of it is left as rows, to be read in one order."""
        return self._meanwhile is not None and len(self._meanwhile) > _MOST_MEANWHILE

    def go_live(self) -> None:
        """Hand over what was kept: all older rows are in memory. Stay behind if the sweep may have missed some."""
        if not self._is_current:
            return  # Who said so has woken the sweeper: the next sweep reads all again.
        self.is_behind = False
        meanwhile = self._meanwhile
        while meanwhile and self.hand(meanwhile[0]):
            meanwhile.popleft()

    def end_catch_up(self) -> None:
        """Leave as rows what was kept and not handed over: the sweep has ended, well or not."""
        for envelope in self._meanwhile or ():
            self._in_memory.release(envelope.delivery_id)
        self._meanwhile = None


class Dispatcher:
    """Hands deliveries to the subscriptions of this process, and forwards those of all other processes."""

    def __init__(self, in_memory: InMemory) -> None:
        self.subscriptions: Mapping[str, Subscription] = {}  # By the name of the actor.
        self.is_open = False
        self._in_memory = in_memory
        self._forward: Callable[[str, Envelope], None] | None = None

    def open(
        self,
        mailboxes: Mapping[str, Callable[[Envelope], None]],
        forward: Callable[[str, Envelope], None] | None,
    ) -> None:
        """Hand deliveries to these actors from now on, and forward those of all others."""
        self.subscriptions = {name: Subscription(name, put, self._in_memory) for name, put in mailboxes.items()}
        self.is_open = True
        self._forward = forward

    def close(self) -> None:
        """Hand over nothing more: what is stored stays stored."""
        self.is_open = False
        for subscription in self.subscriptions.values():
            subscription.is_open = False

    def hand_over(self, envelopes: Sequence[tuple[str, Envelope]]) -> None:
        """Hand over stored messages. Called after the commit."""
        for subscriber, envelope in envelopes:
            subscription = self.subscriptions.get(subscriber)
            if subscription is None:
                self._in_memory.release(envelope.delivery_id)
                if self._forward is not None:
                    self._forward(subscriber, envelope)
                continue
            give = subscription.keep if subscription.is_behind else subscription.hand
            if not give(envelope):
                self._in_memory.release(envelope.delivery_id)

    def fall_behind(self, actors: Iterable[str]) -> None:
        """Note that rows of these actors may not be in memory. Actors of other processes are skipped."""
        for name in actors:
            subscription = self.subscriptions.get(name)
            if subscription is not None:
                subscription.fall_behind()
