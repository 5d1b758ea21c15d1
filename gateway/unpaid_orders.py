"""The bound on unpaid orders: each holds units for half an hour, and sends mails to an address that anybody can write.

An order counts against the client address that placed it and against the e-mail address that hears of it, until it is
paid or an hour has passed. One that was cancelled unpaid still counts: its mails were sent.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

from bus.messages.base import OrderId
from bus.messages.cart import CheckedOut
from bus.messages.customer import EmailIndex
from bus.messages.order import OrderProgressed, OrderStatus
from engine.message import Reply
from gateway.limiter import Caller, Limiter
from gateway.problems import too_many
from gateway.refusals import Refusals

_MOST_ORDERS: Final = 50_000  # Whose payment is waited for; of an older one the count ends with its hour.
_UNDECIDED: Final[frozenset[OrderStatus]] = frozenset({"pending_payment", "cancelled"})


class UnpaidOrders:
    """Counts orders that wait for their money.

    Args:
        limiter: The number in an hour.
        refusals: Counts and logs what is refused.
    """

    def __init__(self, limiter: Limiter, refusals: Refusals) -> None:
        self.limiter = limiter
        self._refusals = refusals
        self._callers: dict[OrderId, Sequence[Caller]] = {}  # The oldest first.

    @contextmanager
    def placing(self, order_id: OrderId, address: str, mailbox: EmailIndex) -> Iterator[Callable[[Reply], None]]:
        """Count an order from before it is placed, so that many at once are counted too.

        It stays counted only if its checkout's answer, passed to the yielded function, has an intent to pay.

        Raises:
            Problem: Too many unpaid orders.
        """
        self.begin(order_id, address, mailbox)
        got: list[Reply] = []
        try:
            yield got.append
        finally:
            if not any(isinstance(answer, CheckedOut) and answer.intent_id for answer in got):
                self.end(order_id)

    def begin(self, order_id: OrderId, address: str, mailbox: EmailIndex) -> None:
        """Count an order that is about to be placed. A repeat counts once.

        Raises:
            Problem: Too many unpaid orders.
        """
        if order_id in self._callers:
            return
        callers = (Caller("orders", address), Caller("mailbox", mailbox))
        for number, caller in enumerate(callers):
            if wait_s := self.limiter.take(caller):
                for taken in callers[:number]:
                    self.limiter.charge(taken, -1)
                self._refusals.note("unpaid_orders", address, by=caller.lane)
                raise too_many(wait_s, "Too many orders wait for their money. Pay for one of them first.")
        for oldest in list(islice(self._callers, max(0, len(self._callers) + 1 - _MOST_ORDERS))):
            del self._callers[oldest]
        self._callers[order_id] = callers

    def end(self, order_id: OrderId) -> None:
        """Count an order no more: it was not placed, or it is paid."""
        for caller in self._callers.pop(order_id, ()):
            self.limiter.charge(caller, -1)

    def progressed(self, order: OrderProgressed) -> None:
        """Count an order no more if its status says that its money has come, or is on its way."""
        if order.status not in _UNDECIDED:
            self.end(order.order_id)
